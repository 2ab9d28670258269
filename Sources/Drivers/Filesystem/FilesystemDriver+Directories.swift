import Glibc

extension FilesystemDriver {
  /// Runs `create`, which makes an entry in `directory`, and makes the directory only where it is missing,
  /// so that the usual case costs no call.
  /// - Parameters:
  ///   - oldest: set to the deepest directory on the way to `directory` that was there before, for
  ///     `sync(_:through:)`.
  ///   - create: throws `ENOENT` where the directory is missing. It runs again where others remove the directory
  ///     at the same time.
  func creating<Result: ~Copyable>(
    in directory: String, oldest: inout String, _ create: () throws(Errno) -> Result
  ) throws(Errno) -> Result {
    oldest = directory
    for _ in 1...100 {
      do {
        return try create()
      } catch  where error.code == ENOENT {
        guard rootIsThere else { throw error }
      }
      do {
        try makeDirectory(directory, oldest: &oldest)
      } catch  where error.code == ENOENT && rootIsThere {
        continue
      }
    }
    throw Errno(code: EAGAIN)
  }

  /// Makes a directory and those above it that are missing, never the root.
  private func makeDirectory(_ directory: String, oldest: inout String) throws(Errno) {
    guard directory.utf8.count > root.utf8.count else { return }
    let above = parent(of: directory)
    // Whoever made the directory, this moment or just before, may not have synced it yet.
    if above.utf8.count < oldest.utf8.count { oldest = above }
    do {
      try FilesystemDriver.makeDirectory(directory)
    } catch  where error.code == ENOENT {
      try makeDirectory(above, oldest: &oldest)
      try FilesystemDriver.makeDirectory(directory)
    }
  }

  private static func makeDirectory(_ directory: String) throws(Errno) {
    do {
      try systemCall { directory.withCString { Glibc.mkdir($0, 0o777) } }
    } catch  where error.code == EEXIST {
    }
  }

  /// Makes the entries of `directory` outlive a loss of power, and those of the directories above it up to
  /// `oldest`: an entry lasts only if the entry of the directory that holds it does.
  ///
  /// A file system that keeps the order of its changes needs the first sync alone, and each costs the disk a flush.
  /// Elsewhere, a directory that another request has made, and not synced, is left to that request.
  func sync(_ directory: String, through oldest: String) throws(Errno) {
    var directory = directory
    while true {
      do {
        let descriptor = try FileDescriptor(opening: directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY)
        try descriptor.sync()
        if directory.utf8.count <= oldest.utf8.count || isOrdered(descriptor) { return }
      } catch  where error.code == ENOENT && rootIsThere {
        // Removed since: nothing is left to last.
        if directory.utf8.count <= oldest.utf8.count { return }
      }
      directory = parent(of: directory)
    }
  }

  /// Makes the root directory and those above it where they are missing, durably.
  /// - Returns: the root's device, where its file system keeps the order of changes.
  static func makeRoot(_ root: String) throws(Errno) -> UInt64? {
    try createDirectory(root)
    let directory = try FileDescriptor(opening: root.isEmpty ? "/" : root, O_RDONLY | O_DIRECTORY)
    return JournaledFileSystem.isOrdered(directory) ? try directory.status().identity.device : nil
  }

  private static func createDirectory(_ directory: String) throws(Errno) {
    if directory.isEmpty || exists(directory) { return }
    let above = parent(of: directory)
    try createDirectory(above)
    try makeDirectory(directory)
    try FileDescriptor(opening: above.isEmpty ? "/" : above, O_RDONLY | O_DIRECTORY).sync()
  }
}
