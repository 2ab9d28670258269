import Core

/// See ``StorageWriter``. Holds the lock on the file until it ends.
final class InMemoryWriter: StorageWriter {
  private(set) var size: Int64
  private let driver: InMemoryDriver
  private let path: StoragePath
  private let identity: UInt64
  private var isOpen = true

  init(_ driver: InMemoryDriver, _ path: StoragePath, identity: UInt64, size: Int64) {
    self.driver = driver
    self.path = path
    self.identity = identity
    self.size = size
  }

  deinit {
    if isOpen { try? driver.withTree { $0.unlock(identity) } }
  }

  func write(_ bytes: RawSpan) async throws(StorageError) {
    try bytes.withUnsafeBytes { bytes throws(StorageError) in
      try withOwnFile("write") { tree throws(StorageError) in tree.append(bytes, to: path) }
      size += Int64(bytes.count)
    }
  }

  func close() async throws(StorageError) {
    try driver.withTree { tree throws(StorageError) in
      guard isOpen else { return }
      letGo(&tree)
      guard tree.holds(identity, at: path) else { throw StorageError(.notFound, "write \(path)") }
    }
  }

  func commit(to destination: StoragePath) async throws(StorageError) {
    try withOwnFile("commit") { tree throws(StorageError) in
      try tree.touch(path)
      try tree.move(path, to: destination, "commit")
      letGo(&tree)
    }
  }

  func cancel() async throws(StorageError) {
    try driver.withTree { tree throws(StorageError) in
      guard isOpen else { return }
      letGo(&tree)
      if tree.holds(identity, at: path) { try tree.delete(path) }
    }
  }

  private func letGo(_ tree: inout InMemoryTree) {
    if isOpen { tree.unlock(identity) }
    isOpen = false
  }

  /// Runs `body` if the file is still open and in its place: another request may have removed it.
  private func withOwnFile(
    _ verb: String, _ body: (inout InMemoryTree) throws(StorageError) -> Void
  ) throws(StorageError) {
    try driver.withTree { tree throws(StorageError) in
      guard isOpen else { throw StorageError(.failed, "\(verb) \(path)", cause: "the writer was closed") }
      guard tree.holds(identity, at: path) else { throw StorageError(.notFound, "\(verb) \(path)") }
      try body(&tree)
    }
  }
}
