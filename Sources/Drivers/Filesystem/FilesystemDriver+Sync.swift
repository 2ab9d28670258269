public import Core
import Glibc

/// Makes changes of names survive a loss of power. What that takes depends on the file system: see `MetadataOrdering`.
extension FilesystemDriver {
  /// Makes a name that was added to `directory` survive as `durability` says.
  func sync(_ directory: String, for durability: Durability) throws(Errno) {
    if mustSync(directory, durability) { try sync(directory) }
  }

  /// Makes the removal of a name from `directory` survive as `durability` says. The directory's own name need not be
  /// synced: if it is lost, so is what was in it. If the directory is gone, its parent is synced instead.
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
    case .withNext: ordering(at: directory) != .inOrder
    case .powerLoss, .selfChecking: true
    }
  }

  /// Syncs `directory` and the directories above it that are younger than `settlingTime`, once per process: another
  /// request may have created them and not synced them yet.
  func sync(_ directory: String) throws(Errno) {
    var directory = directory
    var synced: [DirectoryIdentity] = []
    while true {
      do {
        let descriptor = try open(directory)
        try descriptor.sync()
        if ordering(of: descriptor) != .none || directory.utf8.count <= root.utf8.count { break }
        if let identity = DirectoryIdentity(descriptor) {
          if identity.birth <= WallClock.now - FilesystemDriver.settlingTime || lasting.contains(identity) { break }
          synced.append(identity)
        }
      } catch  where error.isMissing && rootIsThere {
        // Removed meanwhile, with what was added to it.
      }
      directory = parent(of: directory)
    }
    lasting.insert(synced)
  }

  private func open(_ directory: String) throws(Errno) -> FileDescriptor {
    try lookup.open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY)
  }

  /// Syncs the file and its name if the directory's names changed within `settlingTime`.
  public func settle(_ path: StoragePath) async throws(StorageError) {
    try perform(.settle, path) { file throws(Errno) in
      let directory = parent(of: file)
      let status = try lookup.status(of: directory)
      let changed = max(status.st_mtim.nanoseconds, status.st_ctim.nanoseconds)
      guard changed > WallClock.now - FilesystemDriver.settlingTime else { return }
      let descriptor = try lookup.open(file, O_RDONLY)
      try descriptor.sync()
      if ordering(of: descriptor) == .none { try sync(directory) }
    }
  }

  /// Nanoseconds after which the kernel has written everything by itself: far more than the half minute after which
  /// Linux writes dirty pages and journals commit.
  private static let settlingTime: Int64 = 600_000_000_000
}

extension Errno {
  fileprivate var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}
