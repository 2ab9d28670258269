import CLinux
public import Core
import Glibc

extension FilesystemDriver {
  /// Writes a hidden file and renames it.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try perform(.put, path) { file throws(Errno) in
      try withRoom { () throws(Errno) in try put(content, file, durability) }
    }
  }

  private func put(_ content: [UInt8], _ file: String, _ durability: Durability) throws(Errno) {
    let hidden = hiddenPath()
    let descriptor = try stage(hidden)
    do throws(Errno) {
      var offset: Int64 = 0
      try content.span.bytes.withUnsafeBytes { bytes throws(Errno) in try descriptor.write(bytes, at: &offset) }
      let directory = parent(of: file)
      if durability == .selfChecking, ordering(of: descriptor) != .none,
        try renameAndSync(hidden, to: file, descriptor)
      {
        return try descriptor.close()
      }
      // Before the rename: a name must not survive a loss of power that its content does not survive.
      if durability != .process { try descriptor.sync() }
      try descriptor.close()
      try creating(in: directory) { () throws(Errno) in
        try Place(verified: hidden).rename(to: lookup.place(of: file))
      }
      try sync(directory, for: durability)
    } catch {
      try? Place(verified: hidden).unlink()
      throw error
    }
  }

  /// Creates a file and removes it. Throws `.denied` where this process has no permission to.
  public func checkWritable() throws(StorageError) {
    try perform(.put, .root) { _ throws(Errno) in
      let hidden = hiddenPath()
      _ = try stage(hidden)
      try Place(verified: hidden).unlink()
    }
  }

  /// Checks that no symbolic link is on the path of `directories`. A missing directory is no error: it will be made.
  /// - Throws: `.irregular` where a link is on the path and links are not followed.
  public func checkLinks(_ directories: [StoragePath]) throws(StorageError) {
    for directory in directories {
      try perform(.stat, directory) { file throws(Errno) in
        do throws(Errno) {
          _ = try lookup.open(file, Int32(BERTH_O_PATH) | O_DIRECTORY)
        } catch  where error.code == ENOENT {
        }
      }
    }
  }

  private func stage(_ hidden: String) throws(Errno) -> FileDescriptor {
    try creating(in: staging) { () throws(Errno) in
      try lookup.open(hidden, O_WRONLY | O_CREAT | O_EXCL)
    }
  }

  /// Syncs a file under its new name. The one sync makes the name last as well, and the directories above, where the
  /// file system guarantees the order of names: a rename changes the file's own attributes.
  ///
  /// After a failure the file is removed, so that no request takes it for a durable one.
  /// - Returns: false where the name exists already: a file must not be replaced by one that isn't synced.
  private func renameAndSync(
    _ hidden: String, to file: String, _ descriptor: borrowing FileDescriptor
  ) throws(Errno) -> Bool {
    let place = try creating(in: parent(of: file)) { () throws(Errno) -> Place? in
      let place = try lookup.place(of: file)
      return try Place(verified: hidden).renameUnlessThere(place) ? consume place : nil
    }
    guard let place else { return false }
    do {
      try descriptor.sync()
      return true
    } catch {
      try? place.unlink()
      throw error
    }
  }
}
