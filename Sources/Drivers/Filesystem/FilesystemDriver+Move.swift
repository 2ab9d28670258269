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
    let moved = try creating(in: directory) { () throws(Errno) in
      do throws(Errno) {
        try rename(source, to: destination)
        return true
      } catch  where (error.code == ENOENT || error.code == ENOTDIR) && !exists(source) {
        return false
      }
    }
    guard moved else { throw Errno(code: ENOENT) }
    try sync(directory, for: durability)
  }

  /// See ``StorageDriver/touch(_:)``.
  public func touch(_ path: StoragePath) async throws(StorageError) {
    try perform(.touch, path) { file throws(Errno) in
      _ = try systemCall { file.withCString { utimensat(AT_FDCWD, $0, nil, 0) } }
    }
  }
}
