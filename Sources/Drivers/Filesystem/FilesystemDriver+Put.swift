public import Core
import Glibc

extension FilesystemDriver {
  /// Writes a hidden file beside its place and renames it.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try perform(.put, path) { file throws(Errno) in
      let directory = parent(of: file)
      var oldest = directory
      let isSynced = try creating(in: directory, oldest: &oldest) { () throws(Errno) in
        let hidden = "\(directory)/\(hiddenName())"
        var descriptor = try FileDescriptor(opening: hidden, O_WRONLY | O_CREAT | O_EXCL)
        do throws(Errno) {
          var offset: Int64 = 0
          try content.span.bytes.withUnsafeBytes { bytes throws(Errno) in try descriptor.write(bytes, at: &offset) }
          let syncsOnce = durability == .selfChecking && descriptor.isInOrderedFileSystem
          if syncsOnce {
            try renameAndSync(hidden, to: file, descriptor)
          } else if durability != .process {
            // Before the rename: a name must never last longer than the content.
            try descriptor.sync()
          }
          try descriptor.close()
          if !syncsOnce { try rename(hidden, to: file) }
          return syncsOnce
        } catch {
          try? unlink(hidden)
          throw error
        }
      }
      // The name that the rename made.
      if durability != .process, !isSynced { try sync(directory, through: oldest) }
    }
  }

  /// Syncs a file under its new name. The one sync makes the name last as well, and the directories above: a rename
  /// changes the file's own attributes, and the changes before are kept in order.
  ///
  /// After a failure a file that is new is gone, so that nobody takes it for one that lasts.
  private func renameAndSync(
    _ hidden: String, to file: String, _ descriptor: borrowing FileDescriptor
  ) throws(Errno) {
    let isNew = try renameUnlessThere(hidden, to: file)
    if !isNew { try rename(hidden, to: file) }
    do {
      try descriptor.sync()
    } catch {
      if isNew { try? unlink(file) }
      throw error
    }
  }
}
