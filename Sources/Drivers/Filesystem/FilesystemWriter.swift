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
      do throws(Errno) {
        try descriptor.sync()
      } catch {
        // What the kernel lost it may call clean from now on: no second try may succeed with it.
        try? unlink(file)
        throw error
      }
      let target = driver.file(destination)
      let directory = parent(of: target)
      try driver.move(file, into: directory) { () throws(Errno) in
        try moveIfOwn(file, to: target, by: "\(directory)/\(driver.hiddenName())")
      }
      try descriptor.close()
    }
  }

  /// Moves the file to `target` by way of a hidden name, under which nobody can exchange it, so as to see that it is
  /// the one that is locked: someone may have removed that and begun another in its place.
  /// - Returns: false where it isn't.
  private func moveIfOwn(_ file: String, to target: String, by hidden: String) throws(Errno) -> Bool {
    try rename(file, to: hidden)
    do throws(Errno) {
      let own = try FileStatus(of: hidden).identity == identity
      try rename(hidden, to: own ? target : file)
      return own
    } catch {
      try? rename(hidden, to: file)
      throw error
    }
  }

  func cancel() async throws(StorageError) {
    try driver.perform(.delete, path) { file throws(Errno) in
      if (try? FileStatus(of: file))?.identity == identity { try unlink(file) }
      try descriptor.close()
    }
  }
}
