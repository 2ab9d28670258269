public import Core
import Glibc

extension FilesystemDriver {
  /// Writes a hidden file beside its place and renames it.
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {
    try perform(.put, path) { file throws(Errno) in
      let directory = parent(of: file)
      var oldest = directory
      try creating(in: directory, oldest: &oldest) { () throws(Errno) in
        let hidden = "\(directory)/\(hiddenName())"
        var descriptor = try FileDescriptor(opening: hidden, O_WRONLY | O_CREAT | O_EXCL)
        do throws(Errno) {
          var offset: Int64 = 0
          try content.span.bytes.withUnsafeBytes { bytes throws(Errno) in try descriptor.write(bytes, at: &offset) }
          // Before the rename: a name must never last longer than the content.
          if durability == .powerLoss { try descriptor.sync() }
          try descriptor.close()
          try rename(hidden, to: file)
        } catch {
          try? unlink(hidden)
          throw error
        }
      }
      // The name that the rename made.
      if durability == .powerLoss { try sync(directory, through: oldest) }
    }
  }
}
