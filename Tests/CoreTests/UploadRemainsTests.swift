import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// What uploads that fail or are cancelled leave in the storage: nothing, unless they can be gone on with.
@Suite(.ownThread) struct UploadRemainsTests {
  private let folder: TemporaryFolder
  private let name: RepositoryName

  init() throws {
    folder = try TemporaryFolder()
    name = try #require(RepositoryName("team/alpha"))
  }

  enum Storage: CaseIterable, Sendable { case memory, files, objects }

  private func repository(_ storage: Storage) throws -> Repository {
    let driver: any StorageDriver =
      switch storage {
      case .memory: InMemoryDriver()
      case .files: try FilesystemDriver(rootDirectory: folder / "root", maxThreads: 25, accelPrefix: nil)
      case .objects: ObjectStoreDriver()
      }
    return Registry(driver: driver).repository(name)
  }

  private func remains(_ repository: Repository) async throws -> [String] {
    try await repository.driver.names(in: StorageLayout.uploads(name))
  }

  /// How a request that brings the whole content fails.
  enum Failure: CaseIterable, Sendable {
    case clientGone, tooSlow, shorter, longer, otherDigest

    var body: any RequestBody {
      let content = TestContent.bytes(400_000)
      return switch self {
      case .clientGone: BrokenBody(content, .clientGone)
      case .tooSlow: BrokenBody(content, .overloaded)
      case .shorter: MemoryBody(Array(content.dropLast()))
      case .longer, .otherDigest: MemoryBody(content)
      }
    }
    var length: Int64? {
      switch self {
      case .clientGone, .tooSlow: 500_000
      case .shorter, .otherDigest: 400_000
      case .longer: 399_999
      }
    }
  }

  @Test(arguments: Storage.allCases, Failure.allCases)
  func `a push in one request that fails leaves nothing`(storage: Storage, failure: Failure) async throws {
    let repository = try repository(storage)
    for length in [failure.length, nil] {
      let session = try await repository.uploads.openUnnamed(TestContent.digest([1]), length: length)
      await #expect(throws: RegistryError.self) {
        try await session.finish(failure.body, UploadChunk(length: length), as: TestContent.digest([1]))
      }
      #expect(try await remains(repository) == [])
    }
  }

  @Test(arguments: Storage.allCases)
  func `a closing request with another digest leaves nothing, and one that breaks off what can be gone on with`(
    storage: Storage
  ) async throws {
    let repository = try repository(storage)
    let content = TestContent.bytes(1000)
    let upload = try await repository.uploads.begin(.sha512)
    await #expect(throws: RegistryError.self) {
      try await repository.uploads.open(upload.id, toCloseAs: TestContent.digest(content), length: nil)
        .finish(BrokenBody([], .clientGone), UploadChunk(length: nil), as: TestContent.digest(content))
    }
    #expect(try await remains(repository) == [upload.id.description])
    await #expect(throws: RegistryError.self) {
      try await repository.uploads.open(upload.id, toCloseAs: TestContent.digest([1]), length: 1000)
        .finish(MemoryBody(content), UploadChunk(length: 1000), as: TestContent.digest([1]))
    }
    #expect(try await remains(repository) == [])
  }

  @Test(arguments: [Storage.memory, .files])
  func `an upload that was finished meanwhile is unknown at the end of a request, which leaves nothing`(
    storage: Storage
  ) async throws {
    let repository = try repository(storage)
    let upload = try await repository.uploads.begin()
    let session = try await repository.uploads.open(upload.id)
    let body = MeanwhileBody([1, 2, 3]) {
      try await repository.driver.delete(StorageLayout.upload(repository.name, upload.id), durability: .process)
    }
    let error = await #expect(throws: RegistryError.self) { try await session.append(body, UploadChunk(length: 3)) }
    #expect(storage == .memory || error?.status == .notFound)
    #expect(try await remains(repository) == [])
  }

  /// Cancels, chunks, broken chunks and closing requests for the same uploads at the same time.
  @Test func `whatever races, an upload that is gone leaves nothing`() async throws {
    let first = try repository(.files)
    let second = try repository(.files)
    let cancelled = Atomic<Int>(0)
    for round in 0..<150 {
      let content = TestContent.bytes(2000, seed: round)
      let digest = TestContent.digest(content)
      let upload = try await first.uploads.begin(round % 3 == 0 ? .sha512 : .sha256)
      try await onThreads(5) { index in
        let uploads = (index % 2 == 0 ? first : second).uploads
        do {
          switch index {
          case 0, 1:
            try await uploads.open(upload.id).append(MemoryBody(content), UploadChunk(length: 2000))
          case 2:
            try await uploads.open(upload.id).append(BrokenBody(content, .clientGone), UploadChunk(length: nil))
          case 3 where round % 2 == 0:
            try await uploads.open(upload.id).finish(MemoryBody([]), UploadChunk(length: 0), as: digest)
          default:
            try await uploads.open(upload.id).remove()
            cancelled.add(1, ordering: .relaxed)
          }
        } catch is RegistryError {
          // Another request has the upload, or had it.
        }
      }
      let isKnown = (try? await first.uploads.find(upload.id)) != nil
      #expect(try await remains(first) == (isKnown ? [upload.id.description] : []), "round \(round)")
      if isKnown { try await first.uploads.open(upload.id).remove() }
      #expect(try await remains(first) == [])
    }
    #expect(cancelled.load(ordering: .relaxed) > 0)
  }

  /// A body that has something done once its bytes were read.
  private final class MeanwhileBody: RequestBody {
    private let bytes: MemoryBody
    private let act: () async throws -> Void

    init(_ bytes: [UInt8], _ act: @escaping () async throws -> Void) {
      self.bytes = MemoryBody(bytes)
      self.act = act
    }

    func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int {
      let count = try await bytes.read(into: buffer)
      if count == 0 { try? await act() }
      return count
    }
  }
}
