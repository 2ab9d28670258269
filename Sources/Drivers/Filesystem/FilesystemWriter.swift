import Core
import Glibc

/// See ``StorageWriter``. Holds the lock on the file until its end.
final class FilesystemWriter: StorageWriter {
  private(set) var size: Int64
  private let driver: FilesystemDriver
  private let path: StoragePath
  private let identity: FileIdentity
  /// nil once the writer has ended.
  private var descriptor: FileDescriptor?
  /// Offset up to which writeback was started.
  private var writtenBack: Int64
  /// Bytes per start of writeback: some tens of milliseconds of work for a disk.
  private static let writebackStep: Int64 = 8 << 20

  init(
    _ driver: FilesystemDriver, _ path: StoragePath, _ descriptor: consuming FileDescriptor, identity: FileIdentity,
    size: Int64
  ) {
    self.driver = driver
    self.path = path
    self.descriptor = consume descriptor
    self.identity = identity
    self.size = size
    writtenBack = size
  }

  func write(_ bytes: RawSpan) async throws(StorageError) {
    try bytes.withUnsafeBytes { bytes throws(StorageError) in
      try driver.perform(.write, path) { _ throws(Errno) in
        try withOpen { file throws(Errno) in
          try file.write(bytes, at: &size)
          // So that the sync at the end of a large upload finds little left to do.
          if size - writtenBack >= FilesystemWriter.writebackStep {
            file.beginWriteback(from: writtenBack, count: size - writtenBack)
            writtenBack = size
          }
        }
      }
    }
  }

  func close() async throws(StorageError) {
    try driver.perform(.write, path) { file throws(Errno) in
      guard descriptor != nil else { return }
      let isInPlace = isInPlace(file)
      try end()
      guard isInPlace else { throw Errno(code: ESTALE) }
    }
  }

  func commit(to destination: StoragePath) async throws(StorageError) {
    try driver.perform(.commit, path, to: destination) { file throws(Errno) in
      try withOpen { open throws(Errno) in
        // The modification time is the blob's claim, which begins now.
        try open.touch()
        do throws(Errno) {
          try open.sync()
        } catch {
          // The kernel may have marked lost pages as clean, so a second sync could succeed: remove the file.
          try? Place(verified: file).unlink()
          throw error
        }
      }
      // A removal takes the file's lock first, and this writer has it: the file stays from here on.
      guard isInPlace(file) else { throw Errno(code: ENOENT) }
      try driver.move(Place(verified: file), file, to: driver.file(destination), .withNext)
      try end()
    }
  }

  func cancel() async throws(StorageError) {
    try driver.perform(.delete, path) { file throws(Errno) in
      guard descriptor != nil else { return }
      var failure: Errno?
      do throws(Errno) {
        if isInPlace(file) { try Place(verified: file).unlink() }
      } catch  where error.code == ENOENT {
        // Its directory was removed just now.
      } catch {
        failure = error
      }
      // Errors do not matter: the content is removed.
      try? end()
      if let failure { throw failure }
    }
  }

  /// Closes the file, at the first call.
  private func end() throws(Errno) {
    guard let open = descriptor.take() else { return }
    try open.close()
  }

  private func withOpen(_ body: (borrowing FileDescriptor) throws(Errno) -> Void) throws(Errno) {
    switch descriptor {
    case .some(let open): try body(open)
    case .none: throw Errno(code: EBADF)
    }
  }

  private func isInPlace(_ file: String) -> Bool {
    (try? driver.lookup.status(of: file))?.identity == identity
  }
}
