public import Core
import Glibc

extension FilesystemDriver {
  /// See ``StorageDriver/move(_:to:)``.
  public func move(_ source: StoragePath, to destination: StoragePath) async throws(StorageError) {
    try perform(.move, source, to: destination) { from throws(Errno) in
      let to = file(destination)
      try move(from, into: parent(of: to)) { () throws(Errno) in
        try rename(from, to: to)
        return true
      }
    }
  }

  /// Moves `source` with `renames` into `directory`, which is made where it is missing, and syncs what must last.
  /// `renames` answers false where the source turns out to be another file.
  ///
  /// The source's directory isn't synced: journals keep both ends of a rename together, and elsewhere a loss of
  /// power can only leave the old name as well.
  func move(_ source: String, into directory: String, renames: () throws(Errno) -> Bool) throws(Errno) {
    var oldest = directory
    let moved = try creating(in: directory, oldest: &oldest) { () throws(Errno) in
      do throws(Errno) {
        return try renames()
      } catch  where (error.code == ENOENT || error.code == ENOTDIR) && !exists(source) {
        return false
      }
    }
    guard moved else { throw Errno(code: ENOENT) }
    try sync(directory, through: oldest)
  }
}
