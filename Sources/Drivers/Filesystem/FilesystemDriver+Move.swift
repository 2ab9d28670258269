public import Core
import Glibc

extension FilesystemDriver {
  /// See ``StorageDriver/move(_:to:durability:)``.
  public func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try perform(.move, source, to: destination) { from throws(Errno) in
      try move(from, to: file(destination), durability)
    }
  }

  /// Renames `source`, makes the directory that it moves to where it is missing, and syncs what must last.
  ///
  /// The source's directory isn't synced: journals keep both ends of a rename together, and elsewhere a loss of
  /// power can only leave the old name as well.
  func move(_ source: String, to destination: String, _ durability: Durability) throws(Errno) {
    let directory = parent(of: destination)
    var oldest = directory
    let moved = try creating(in: directory, oldest: &oldest) { () throws(Errno) in
      do throws(Errno) {
        try rename(source, to: destination)
        return true
      } catch  where (error.code == ENOENT || error.code == ENOTDIR) && !exists(source) {
        return false
      }
    }
    guard moved else { throw Errno(code: ENOENT) }
    if durability != .process { try sync(directory, through: oldest) }
  }

  /// See ``StorageDriver/touch(_:)``.
  public func touch(_ path: StoragePath) async throws(StorageError) {
    try perform(.touch, path) { file throws(Errno) in
      _ = try systemCall { file.withCString { utimensat(AT_FDCWD, $0, nil, 0) } }
    }
  }

  /// Syncs the file where its name is younger than the time after which kernels have written everything by
  /// themselves. A change of names in a directory changes its time.
  public func settle(_ path: StoragePath) async throws(StorageError) {
    try perform(.settle, path) { file throws(Errno) in
      let directory = parent(of: file)
      let status = try FileStatus(of: directory)
      let changed = max(status.st_mtim.nanoseconds, status.st_ctim.nanoseconds)
      guard changed > WallClock.now - FilesystemDriver.settlingTime.nanoseconds else { return }
      let descriptor = try FileDescriptor(opening: file, O_RDONLY)
      try descriptor.sync()
      if !isOrdered(descriptor) { try sync(directory, through: root) }
    }
  }

  /// Far more than the half minute after which Linux writes what is dirty, and journals commit.
  private static let settlingTime = Duration.seconds(600)
}
