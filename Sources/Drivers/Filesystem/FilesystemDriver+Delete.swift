public import Core
import Glibc

extension FilesystemDriver {
  /// A tree is renamed to a hidden name first, so that it disappears in one step, and is then removed.
  /// The root itself can't be deleted: `.denied`.
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {
    guard path != .root else { throw StorageError(.denied, "delete \(path)", cause: "the root stays") }
    try perform(.delete, path) { file throws(Errno) in
      let place = try lookup.place(of: file)
      var removed: String?
      do throws(Errno) {
        try place.unlink()
      } catch  where error.code == EISDIR {
        removed = try hide(place, file)
      }
      // Syncs the removal of the name. A tree's entries need no sync: what a loss of power leaves of them is hidden.
      try syncRemoval(from: parent(of: file), for: durability)
      if let removed {
        var removal = try treeRemoval()
        try removal.remove(removed)
      }
    }
  }

  /// Moves a tree to a hidden name in the staging directory.
  /// - Returns: that name.
  private func hide(_ place: borrowing Place, _ tree: String) throws(Errno) -> String {
    let hidden = hiddenName()
    try creating(in: staging) { () throws(Errno) in
      do throws(Errno) {
        try place.rename(to: Place(verified: "\(staging)/\(hidden)"))
      } catch  where error.code == ENOENT && exists(staging) {
        // The tree is gone, not the staging directory: ENOENT would make `creating` try again.
        throw Errno(code: ESTALE)
      }
    }
    return hidden
  }

  private func treeRemoval() throws(Errno) -> TreeRemoval {
    TreeRemoval(in: try lookup.list(staging), syncing: reusesDirectories) { self.hiddenName() }
  }

  /// See ``StorageDriver/prune(_:below:)``.
  public func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError) {
    var directory = directory
    while directory.isBelow(top) {
      let isGone = try perform(.delete, directory) { file throws(Errno) in
        do throws(Errno) {
          try removeEmpty(file)
          return true
        } catch  where error.code == ENOENT {
          return true
        } catch  where error.code == ENOTEMPTY || error.code == EEXIST || error.code == ENOTDIR {
          return false
        }
      }
      guard isGone else { return }
      directory = directory.parent
    }
  }

  private func removeEmpty(_ directory: String) throws(Errno) {
    let place = try lookup.place(of: directory)
    guard reusesDirectories else { return try place.removeDirectory() }
    let descriptor = try lookup.open(directory, O_RDONLY | O_DIRECTORY)
    try place.removeDirectory()
    // Errors do not matter: what can't be written is removed anyway.
    try? descriptor.sync()
  }

  /// See ``StorageDriver/sweepLeftovers(olderThan:)``.
  public func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int {
    try perform(.delete, .root) { _ throws(Errno) in
      var swept = 0
      var failure: Errno?
      do throws(Errno) {
        let directory = try lookup.list(staging)
        var old: [String] = []
        let latest = WallClock.now - age.nanoseconds
        try directory.forEach { name throws(Errno) in
          guard let status = try? directory.status(of: name), status.st_ctim.nanoseconds <= latest else { return }
          old.append(String(cString: name))
        }
        var removal = try treeRemoval()
        for name in old {
          do throws(Errno) {
            try removal.remove(name)
            swept += 1
          } catch {
            // Remove the others all the same.
            failure = error
          }
        }
      } catch  where error.code == ENOENT {
        // Nothing was ever staged.
      }
      reserve?.fill()
      if let failure { throw failure }
      return swept
    }
  }
}
