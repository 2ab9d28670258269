import Core
import Glibc

/// See ``StorageWriter``. Holds the lock on the file until it lets go of it.
final class FilesystemWriter: StorageWriter {
  private(set) var size: Int64
  private let driver: FilesystemDriver
  private let path: StoragePath
  private let identity: FileIdentity
  private var descriptor: FileDescriptor
  /// Up to where the kernel was told to write to the disk.
  private var writtenBack: Int64
  /// How much is told at once: a disk's work of some tens of milliseconds.
  private static let writebackStep: Int64 = 8 << 20

  init(
    _ driver: FilesystemDriver, _ path: StoragePath, _ descriptor: consuming FileDescriptor, identity: FileIdentity,
    size: Int64
  ) {
    self.driver = driver
    self.path = path
    self.descriptor = descriptor
    self.identity = identity
    self.size = size
    writtenBack = size
  }

  func write(_ bytes: RawSpan) async throws(StorageError) {
    try bytes.withUnsafeBytes { bytes throws(StorageError) in
      try driver.perform(.write, path) { _ throws(Errno) in
        try descriptor.write(bytes, at: &size)
        // So that the sync at the end of a large upload finds little left to do.
        if size - writtenBack >= FilesystemWriter.writebackStep {
          descriptor.beginWriteback(from: writtenBack, count: size - writtenBack)
          writtenBack = size
        }
      }
    }
  }

  func close() async throws(StorageError) {
    try driver.perform(.write, path) { _ throws(Errno) in try descriptor.close() }
  }

  func commit(to destination: StoragePath) async throws(StorageError) {
    try driver.perform(.commit, path, to: destination) { file throws(Errno) in
      // The content is as old as its place: what counts is when it was last wanted.
      try descriptor.touch()
      do throws(Errno) {
        try descriptor.sync()
      } catch {
        // What the kernel lost it may call clean from now on: no second try may succeed with it.
        try? unlink(file)
        throw error
      }
      // Who removes a file that is being written takes its lock before, so it stays the same from here on.
      guard isInPlace(file) else { throw Errno(code: ENOENT) }
      try driver.move(file, to: driver.file(destination), .withNext)
      try descriptor.close()
    }
  }

  func cancel() async throws(StorageError) {
    try driver.perform(.delete, path) { file throws(Errno) in
      if isInPlace(file) { try unlink(file) }
      try descriptor.close()
    }
  }

  private func isInPlace(_ file: String) -> Bool {
    (try? FileStatus(of: file))?.identity == identity
  }
}
