import Core

/// See ``StorageReader``. Reads up to the size that the file had when it was opened.
final class FilesystemReader: StorageReader {
  let size: Int64
  private let driver: FilesystemDriver
  private let path: StoragePath
  private let descriptor: FileDescriptor
  private var offset: Int64

  init(
    _ driver: FilesystemDriver, _ path: StoragePath, _ descriptor: consuming FileDescriptor, size: Int64,
    offset: Int64
  ) {
    self.driver = driver
    self.path = path
    self.descriptor = descriptor
    self.size = size
    self.offset = offset
  }

  func read(into buffer: IOBuffer) async throws(StorageError) -> Int {
    guard !Task.isCancelled else { throw StorageError(.cancelled, "read \(path)") }
    guard offset < size else { return 0 }
    let count = try buffer.append(limit: Int(size - offset)) { room throws(StorageError) in
      try driver.perform(.read, path) { _ throws(Errno) in try descriptor.read(into: room, at: offset) }
    }
    offset += Int64(count)
    return count
  }
}
