import Core
import Drivers
import Foundation
import TestSupport
import Testing

/// What every storage driver does: one set of tests, run against each.
@Suite(.ownThread) struct StorageDriverContract {
  /// Where a storage may lie, for as long as the test runs.
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// An empty storage.
  /// - Parameter patience: how long a writer waits for another; long where a test has one wait that must not fail.
  func storage(_ kind: DriverKind, patience: Duration = writerPatience) throws -> StorageUnderTest {
    switch kind {
    case .filesystem:
      let root = folder / "root"
      return StorageUnderTest(
        driver: try FilesystemDriver(rootDirectory: root, maxThreads: 25, accelPrefix: nil, patience: patience),
        elsewhere: try FilesystemDriver(rootDirectory: root, maxThreads: 25, accelPrefix: nil, patience: patience))
    case .inMemory:
      let driver = InMemoryDriver(patience: patience)
      return StorageUnderTest(driver: driver, elsewhere: driver)
    case .moto: return try s3(MotoServer.shared.get().store, patience)
    case .radosgw: return try s3(RadosGateway.shared.get().store, patience)
    }
  }

  /// Small pieces, so that little content is several.
  private func s3(_ store: ObjectStore, _ patience: Duration) throws -> StorageUnderTest {
    var configuration = try store.configuration()
    configuration.chunkSize = 5 << 20
    return StorageUnderTest(
      driver: try S3Driver(configuration, patience: patience),
      elsewhere: try S3Driver(configuration, patience: patience))
  }
}

/// The drivers that pass it.
enum DriverKind: CaseIterable, Sendable {
  case filesystem, inMemory, moto, radosgw

  /// Those with true directories, moves in one step, and times that can be set.
  static let withDirectories: [DriverKind] = [.filesystem, .inMemory]

  /// Whether it is one of them.
  var hasDirectories: Bool { Self.withDirectories.contains(self) }
}

/// A storage, and the same as another worker sees it.
struct StorageUnderTest: Sendable {
  let driver: any StorageDriver
  let elsewhere: any StorageDriver
}

/// A path that a test knows to be one.
func path(_ text: String, _ location: SourceLocation = #_sourceLocation) throws -> StoragePath {
  try #require(StoragePath(text), sourceLocation: location)
}

extension StorageDriver {
  /// Puts text, as fast as may be.
  func put(_ text: String, at path: StoragePath) async throws(StorageError) {
    try await put(Array(text.utf8), at: path, durability: .process)
  }

  /// A file's content as text.
  func text(_ path: StoragePath) async throws(StorageError) -> String {
    String(decoding: try await read(path, from: 0, capacity: 1 << 16), as: UTF8.self)
  }

  /// What a reader gives from `offset` on.
  func read(_ path: StoragePath, from offset: Int64, capacity: Int = 7) async throws(StorageError) -> [UInt8] {
    let reader = try await reader(at: path, from: offset)
    let buffer = IOBuffer(capacity: capacity)
    var content = [UInt8]()
    while true {
      buffer.removeAll()
      let count = try await reader.read(into: buffer)
      if count == 0 { return content }
      buffer.bytes.withUnsafeBytes { content.append(contentsOf: $0) }
    }
  }

  /// Opens a writer, writes and closes it.
  func append(_ text: String, to path: StoragePath) async throws(StorageError) {
    let writer = try await writer(at: path, appending: true)
    try await writer.write(text)
    try await writer.close()
  }
}

extension StorageDriver {
  /// All paths below `top`, sorted.
  func walked(_ top: StoragePath) async throws(StorageError) -> [String] { try await tree(below: top).map(\.path) }
}

extension StorageWriter {
  func write(_ text: String) async throws(StorageError) {
    try await write(Array(text.utf8).span.bytes)
  }
}

/// Expects a failure with `code`.
func expect(
  _ code: StorageError.Code, _ location: SourceLocation = #_sourceLocation, _ operation: () async throws -> Void
) async {
  do {
    try await operation()
    Issue.record("no error, but \(code) was expected", sourceLocation: location)
  } catch let error as StorageError {
    #expect(error.code == code, "\(error)", sourceLocation: location)
  } catch {
    Issue.record(error, sourceLocation: location)
  }
}

/// Everything below a root directory, hidden names too: the driver's own directory is left out, but not what
/// is in it: nothing, after every operation.
func everything(in root: String) -> [String] {
  let names = FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []
  return names.filter { $0 != "~staging" }.sorted()
}
