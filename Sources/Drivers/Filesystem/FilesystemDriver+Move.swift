public import Core
import Glibc

extension FilesystemDriver {
  /// See ``StorageDriver/move(_:to:durability:)``.
  public func move(
    _ source: StoragePath, to destination: StoragePath, durability: Durability
  ) async throws(StorageError) {
    try perform(.move, source, to: destination) { from throws(Errno) in
      let place: Place
      do throws(Errno) {
        place = try lookup.place(of: from)
      } catch  where error.code == ENOTDIR {
        throw Errno(code: ENOENT)
      }
      try move(place, from, to: file(destination), durability)
    }
  }

  /// Renames `source`, makes the directory that it moves to where it is missing, and syncs what must last.
  ///
  /// The source's directory isn't synced: journals keep both ends of a rename together, and elsewhere a loss of
  /// power can only leave the old name as well.
  /// - Parameter path: where `source` is.
  func move(
    _ source: borrowing Place, _ path: String, to destination: String, _ durability: Durability
  ) throws(Errno) {
    let directory = parent(of: destination)
    let moved = try creating(in: directory) { () throws(Errno) in
      do throws(Errno) {
        try source.rename(to: lookup.place(of: destination))
        return true
      } catch  where (error.code == ENOENT || error.code == ENOTDIR) && !exists(path) {
        return false
      }
    }
    guard moved else { throw Errno(code: ENOENT) }
    try sync(directory, for: durability)
  }

  /// See ``StorageDriver/touch(_:)``.
  public func touch(_ path: StoragePath) async throws(StorageError) {
    try perform(.touch, path) { file throws(Errno) in try lookup.touch(file) }
  }
}
