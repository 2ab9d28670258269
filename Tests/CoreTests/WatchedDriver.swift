import Core
import Drivers
import Synchronization

/// Storage in memory that counts what is read back, and fails on demand.
final class WatchedDriver: ForwardingDriver {
  let base: any StorageDriver = InMemoryDriver()
  private let bytesRead = Atomic<Int>(0)
  private let opened = Atomic<Int>(0)
  /// Bytes that still fit in files that grow; `.max`: any number.
  let room = Atomic<Int>(.max)

  /// Bytes that were read through readers.
  var readBack: Int { bytesRead.load(ordering: .relaxed) }
  /// Readers that were opened.
  var readers: Int { opened.load(ordering: .relaxed) }

  func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    opened.add(1, ordering: .relaxed)
    return Reader(try await base.reader(at: path, from: offset), self)
  }
  func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    Writer(try await base.writer(at: path, appending: appending), self)
  }

  private final class Reader: StorageReader {
    let reader: any StorageReader
    let driver: WatchedDriver
    var size: Int64 { reader.size }

    init(_ reader: any StorageReader, _ driver: WatchedDriver) {
      self.reader = reader
      self.driver = driver
    }

    func read(into buffer: IOBuffer) async throws(StorageError) -> Int {
      let count = try await reader.read(into: buffer)
      driver.bytesRead.add(count, ordering: .relaxed)
      return count
    }
  }

  private final class Writer: StorageWriter {
    let writer: any StorageWriter
    let driver: WatchedDriver
    var size: Int64 { writer.size }

    init(_ writer: any StorageWriter, _ driver: WatchedDriver) {
      self.writer = writer
      self.driver = driver
    }

    func write(_ bytes: RawSpan) async throws(StorageError) {
      let room = driver.room.load(ordering: .relaxed)
      let fitting = min(room, bytes.byteCount)
      try await writer.write(bytes.extracting(first: fitting))
      guard room < .max else { return }
      driver.room.store(room - fitting, ordering: .relaxed)
      if fitting < bytes.byteCount { throw StorageError(.full, "write", cause: "no room") }
    }
    func close() async throws(StorageError) { try await writer.close() }
    func commit(to destination: StoragePath) async throws(StorageError) { try await writer.commit(to: destination) }
    func cancel() async throws(StorageError) { try await writer.cancel() }
  }
}
