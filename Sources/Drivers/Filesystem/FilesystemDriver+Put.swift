public import Core
import Glibc

extension FilesystemDriver {
  /// Writes a hidden file and renames it.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try perform(.put, path) { file throws(Errno) in
      let hidden = hiddenPath()
      var descriptor = try stage(hidden)
      do throws(Errno) {
        var offset: Int64 = 0
        try content.span.bytes.withUnsafeBytes { bytes throws(Errno) in try descriptor.write(bytes, at: &offset) }
        let directory = parent(of: file)
        if durability == .selfChecking, promise(of: descriptor) != .none,
          try renameAndSync(hidden, to: file, descriptor)
        {
          return try descriptor.close()
        }
        // Before the rename: a name must never last longer than the content.
        if durability != .process { try descriptor.sync() }
        try descriptor.close()
        try creating(in: directory) { () throws(Errno) in try rename(hidden, to: file) }
        try sync(directory, for: durability)
      } catch {
        try? unlink(hidden)
        throw error
      }
    }
  }

  /// Makes a file and removes it. Throws `.denied` where this process may not.
  public func checkWritable() throws(StorageError) {
    try perform(.put, .root) { _ throws(Errno) in
      let hidden = hiddenPath()
      _ = try stage(hidden)
      try unlink(hidden)
    }
  }

  private func stage(_ hidden: String) throws(Errno) -> FileDescriptor {
    try creating(in: staging) { () throws(Errno) in
      try FileDescriptor(opening: hidden, O_WRONLY | O_CREAT | O_EXCL)
    }
  }

  /// Syncs a file under its new name. The one sync makes the name last as well, and the directories above, where the
  /// file system makes a promise: a rename changes the file's own attributes.
  ///
  /// After a failure the file is gone, so that nobody takes it for one that lasts.
  /// - Returns: false where something has the name already, which must not be replaced by what isn't synced.
  private func renameAndSync(
    _ hidden: String, to file: String, _ descriptor: borrowing FileDescriptor
  ) throws(Errno) -> Bool {
    let isRenamed = try creating(in: parent(of: file)) { () throws(Errno) in
      try renameUnlessThere(hidden, to: file)
    }
    guard isRenamed else { return false }
    do {
      try descriptor.sync()
      return true
    } catch {
      try? unlink(file)
      throw error
    }
  }
}
