import Core

/// See ``StorageReader``. Holds the content as it was when it was opened.
final class InMemoryReader: StorageReader {
  private let path: StoragePath
  private let file: InMemoryFile
  private var offset: Int64

  init(_ path: StoragePath, _ file: InMemoryFile, offset: Int64) {
    self.path = path
    self.file = file
    self.offset = max(0, offset)
  }

  var size: Int64 { file.size }

  func read(into buffer: IOBuffer) async throws(StorageError) -> Int {
    guard !Task.isCancelled else { throw StorageError(.cancelled, "read \(path)") }
    let count = buffer.append { file.copy(from: offset, into: $0) }
    offset += Int64(count)
    return count
  }
}
