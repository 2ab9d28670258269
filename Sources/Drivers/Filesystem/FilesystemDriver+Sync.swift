public import Core
import Glibc

/// What it takes that names outlive a loss of power.
///
/// That is for the file system to say: see `NamePromise`.
extension FilesystemDriver {
  /// Makes a name that came to `directory` last as `durability` says.
  func sync(_ directory: String, for durability: Durability) throws(Errno) {
    if mustSync(directory, durability) { try sync(directory) }
  }

  /// Makes it last that a name went from `directory`, as `durability` says. Should the directory's own name not last,
  /// then neither does what was in it; and where the directory is gone, that must last.
  func syncRemoval(from directory: String, for durability: Durability) throws(Errno) {
    guard mustSync(directory, durability) else { return }
    var directory = directory
    while true {
      do {
        return try open(directory).sync()
      } catch  where error.isMissing && rootIsThere {
        directory = parent(of: directory)
      }
    }
  }

  private func mustSync(_ directory: String, _ durability: Durability) -> Bool {
    switch durability {
    case .process: false
    case .withNext: promise(at: directory) != .inOrder
    case .powerLoss, .selfChecking: true
    }
  }

  /// Makes the names in `directory` last, and its own name, whoever made it.
  ///
  /// Another request may have made a directory on the way a moment ago, and not synced it yet: it would be no comfort
  /// that it is about to. So what is young is synced once by each process; what is old, the kernel has written.
  func sync(_ directory: String) throws(Errno) {
    var directory = directory
    var synced: [DirectoryIdentity] = []
    while true {
      do {
        let descriptor = try open(directory)
        try descriptor.sync()
        if promise(of: descriptor) != .none || directory.utf8.count <= root.utf8.count { break }
        if let identity = DirectoryIdentity(descriptor) {
          if identity.birth <= WallClock.now - FilesystemDriver.settlingTime || lasting.contains(identity) { break }
          synced.append(identity)
        }
      } catch  where error.isMissing && rootIsThere {
        // Removed since, with what had come to it.
      }
      directory = parent(of: directory)
    }
    lasting.insert(synced)
  }

  private func open(_ directory: String) throws(Errno) -> FileDescriptor {
    try lookup.open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY)
  }

  /// Syncs the file, and its name, where that is young. A change of names in a directory changes its time.
  public func settle(_ path: StoragePath) async throws(StorageError) {
    try perform(.settle, path) { file throws(Errno) in
      let directory = parent(of: file)
      let status = try lookup.status(of: directory)
      let changed = max(status.st_mtim.nanoseconds, status.st_ctim.nanoseconds)
      guard changed > WallClock.now - FilesystemDriver.settlingTime else { return }
      let descriptor = try lookup.open(file, O_RDONLY)
      try descriptor.sync()
      if promise(of: descriptor) == .none { try sync(directory) }
    }
  }

  /// Nanoseconds after which kernels have written everything by themselves: far more than the half minute after which
  /// Linux writes what is dirty, and journals commit.
  private static let settlingTime: Int64 = 600_000_000_000
}

extension Errno {
  fileprivate var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}
