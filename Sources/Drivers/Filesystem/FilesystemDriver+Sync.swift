public import Core
import Glibc

/// What it takes that names outlive a loss of power.
///
/// That is for the file system to say: see `NamePromise`.
extension FilesystemDriver {
  /// Makes a change of names in `directory` last as `durability` says.
  func sync(_ directory: String, for durability: Durability) throws(Errno) {
    switch durability {
    case .process: return
    case .withNext: if promise(at: directory) == .inOrder { return }
    case .powerLoss, .selfChecking: break
    }
    try sync(directory)
  }

  /// Makes the names in `directory` last, and its own name, whoever made it.
  ///
  /// Another request may have made a directory on the way a moment ago, and not synced it yet: it would be no comfort
  /// that it is about to. So what is young is synced once by each process; what is old, the kernel has written.
  /// A directory that was removed since had nothing that must last, but its removal must.
  func sync(_ directory: String) throws(Errno) {
    var directory = directory
    var synced: [DirectoryIdentity] = []
    while true {
      do {
        let descriptor = try FileDescriptor(opening: directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY)
        try descriptor.sync()
        if promise(of: descriptor) != .none || directory.utf8.count <= root.utf8.count { break }
        if let identity = DirectoryIdentity(descriptor) {
          if identity.birth <= WallClock.now - FilesystemDriver.settlingTime || lasting.contains(identity) { break }
          synced.append(identity)
        }
      } catch  where (error.code == ENOENT || error.code == ENOTDIR) && rootIsThere {
      }
      directory = parent(of: directory)
    }
    lasting.insert(synced)
  }

  /// Syncs the file, and its name, where that is young. A change of names in a directory changes its time.
  public func settle(_ path: StoragePath) async throws(StorageError) {
    try perform(.settle, path) { file throws(Errno) in
      let directory = parent(of: file)
      let status = try FileStatus(of: directory)
      let changed = max(status.st_mtim.nanoseconds, status.st_ctim.nanoseconds)
      guard changed > WallClock.now - FilesystemDriver.settlingTime else { return }
      let descriptor = try FileDescriptor(opening: file, O_RDONLY)
      try descriptor.sync()
      if promise(of: descriptor) == .none { try sync(directory) }
    }
  }

  /// Nanoseconds after which kernels have written everything by themselves: far more than the half minute after which
  /// Linux writes what is dirty, and journals commit.
  private static let settlingTime: Int64 = 600_000_000_000
}
