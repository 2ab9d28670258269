public import Core
import Glibc

extension FilesystemDriver {
  /// A tree disappears at once, under a hidden name, before anything in it is removed.
  /// The root itself can't be deleted: `.denied`.
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    guard path != .root else { throw StorageError(.denied, "delete \(path)", cause: "the root stays") }
    try perform(.delete, path) { file throws(Errno) in
      let directory = parent(of: file)
      var removed: String?
      do throws(Errno) {
        try unlink(file)
      } catch  where error.code == EISDIR {
        let hidden = hiddenName()
        try rename(file, to: "\(directory)/\(hidden)")
        removed = hidden
      }
      // The name's end. A tree's entries need no sync of their own: what a loss of power leaves of them is hidden.
      if durability != .process { try sync(directory, through: directory) }
      guard let removed else { return }
      do throws(Errno) {
        try DirectoryStream(opening: directory).remove(removed)
      } catch  where error.code == ENOENT {
        // The directory was deleted meanwhile, and the tree with it.
      }
    }
  }
}
