import Glibc

extension FilesystemDriver {
  /// Runs `create`, which makes an entry in `directory`. Only if that fails because the directory is missing, makes the
  /// directory and runs `create` again, so that the usual case costs no further call.
  /// - Parameter create: throws `ENOENT` where the directory is missing. Runs several times if others remove the
  ///   directory at the same time.
  func creating<Result: ~Copyable>(
    in directory: String, _ create: () throws(Errno) -> Result
  ) throws(Errno) -> Result {
    for _ in 1...100 {
      do {
        return try withRoom(create)
      } catch  where error.code == ENOENT {
        guard rootIsThere else { throw error }
      }
      do {
        try withRoom { () throws(Errno) in try makeDirectory(directory) }
      } catch  where error.code == ENOENT && rootIsThere {
        continue
      }
    }
    throw Errno(code: EAGAIN)
  }

  /// Makes a directory and those above it that are missing, never the root.
  private func makeDirectory(_ directory: String) throws(Errno) {
    guard directory.utf8.count > root.utf8.count else { return }
    do {
      try lookup.place(of: directory).makeDirectory()
    } catch  where error.code == ENOENT {
      try makeDirectory(parent(of: directory))
      try lookup.place(of: directory).makeDirectory()
    }
  }

  /// Makes the root directory and those above it where they are missing, durably.
  static func makeRoot(_ root: String) throws(Errno) {
    try createDirectory(root)
    _ = try FileDescriptor(opening: root.isEmpty ? "/" : root, O_RDONLY | O_DIRECTORY)
  }

  /// The root's device, and how its file system makes changes of names last (``MetadataOrdering``).
  static func fileSystem(of root: String) -> (device: UInt64, ordering: MetadataOrdering, reusesDirectories: Bool)? {
    guard let directory = try? FileDescriptor(opening: root.isEmpty ? "/" : root, O_RDONLY | O_DIRECTORY),
      let status = try? directory.status()
    else { return nil }
    let ordering = MetadataOrdering(of: directory)
    return (status.identity.device, ordering, ordering.reusesDirectories(of: directory))
  }

  private static func createDirectory(_ directory: String) throws(Errno) {
    if directory.isEmpty || exists(directory) { return }
    let above = parent(of: directory)
    try createDirectory(above)
    try Place(verified: directory).makeDirectory()
    try FileDescriptor(opening: above.isEmpty ? "/" : above, O_RDONLY | O_DIRECTORY).sync()
  }

  /// The path of the root with symbolic links resolved. Components that do not exist are kept, also those that a link
  /// leads to: they will be created or mounted.
  /// - Parameter links: how many dangling links may still be followed; the kernel allows 40.
  static func resolved(_ root: String, links: Int = 40) -> String {
    if root.isEmpty { return root }
    if let real = root.withCString({ realpath($0, nil) }) {
      defer { free(real) }
      let path = String(cString: real)
      return path == "/" ? "" : path
    }
    let above = parent(of: root)
    if links > 0, let target = linkTarget(of: root), !target.isEmpty {
      return resolved(target.hasPrefix("/") ? target : "\(above)/\(target)", links: links - 1)
    }
    return resolved(above, links: links) + root[above.endIndex...]
  }
}
