import CLinux
import Glibc

/// How the driver finds the file that a path names: through no symbolic link below the storage's root, unless the
/// configuration allows them (`storage.filesystem.followsymlinks`).
///
/// Reading, listing, writing, moving and removing never go through a symbolic link. A status or a touch is one call by
/// path, which refuses a symbolic link only as the last component; a link above that can reveal metadata only.
struct PathLookup: Sendable {
  /// How symbolic links are kept out.
  enum Way: Sendable {
    /// The kernel refuses them (openat2, Linux 5.6).
    case refusing
    /// One directory after the other is opened: for kernels without openat2, and sandboxes that forbid it.
    case stepping
    /// They are followed.
    case following
  }

  let way: Way
  /// Without symbolic links and without a trailing slash.
  let root: String

  /// - Parameter root: without symbolic links, unless they are followed.
  init(root: String, way: Way) {
    self.root = root
    self.way = way
  }

  /// The best way on this system.
  static func way(followsSymlinks: Bool) -> Way {
    if followsSymlinks { return .following }
    let probe = "/".withCString { berth_open_without_symlinks($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
    guard probe >= 0 else { return .stepping }
    _ = FileDescriptor(taking: probe)
    return .refusing
  }

  /// Opens a file. Does not block on a FIFO without a writer, or on a device; the caller checks what it got.
  func open(_ file: String, _ flags: Int32) throws(Errno) -> FileDescriptor {
    var flags = flags | O_CLOEXEC
    if flags & Int32(BERTH_O_PATH) == 0 { flags |= O_NONBLOCK | O_NOCTTY }
    switch way {
    case .refusing:
      let mode: UInt32 = flags & O_CREAT == 0 ? 0 : 0o666
      return FileDescriptor(
        taking: try systemCall { file.withCString { berth_open_without_symlinks($0, flags, mode) } })
    case .stepping:
      return try step(to: file, flags)
    case .following:
      return try FileDescriptor(opening: file, flags)
    }
  }

  private func step(to file: String, _ flags: Int32) throws(Errno) -> FileDescriptor {
    let top = root.isEmpty ? "/" : root
    var names = file.dropFirst(root.count).split(separator: "/")
    guard let last = names.popLast() else { return try FileDescriptor(opening: top, flags) }
    var directory = try FileDescriptor(opening: top, Int32(BERTH_O_PATH) | O_DIRECTORY)
    for name in names {
      directory = try PathLookup.open(String(name), in: directory, Int32(BERTH_O_PATH) | O_DIRECTORY)
    }
    return try PathLookup.open(String(last), in: directory, flags)
  }

  private static func open(
    _ name: String, in directory: borrowing FileDescriptor, _ flags: Int32
  ) throws(Errno) -> FileDescriptor {
    let above = directory.number
    do {
      return FileDescriptor(
        taking: try systemCall {
          name.withCString { openat(above, $0, flags | O_NOFOLLOW | O_CLOEXEC, 0o666 as mode_t) }
        })
    } catch  where error.code == ENOTDIR {
      var status = FileStatus()
      let isLink = name.withCString { fstatat(above, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 && status.isSymbolicLink
      throw isLink ? Errno(code: ELOOP) : error
    }
  }

  /// The place of a file, for a call that creates, moves or removes it. Throws where its directory can't be opened.
  func place(of file: String) throws(Errno) -> Place {
    if way == .following { return Place(verified: file) }
    let above = parent(of: file)
    let directory = try open(above.isEmpty ? "/" : above, Int32(BERTH_O_PATH) | O_DIRECTORY)
    return Place(directory: directory, name: String(file[file.index(after: above.endIndex)...]))
  }

  /// The status of a file (`stat`).
  func status(of file: String) throws(Errno) -> FileStatus {
    var status = FileStatus()
    let flags = way == .following ? 0 : AT_SYMLINK_NOFOLLOW
    try systemCall { file.withCString { fstatat(AT_FDCWD, $0, &status, flags) } }
    return status
  }

  /// Sets the time of modification to now.
  func touch(_ file: String) throws(Errno) {
    let flags = way == .following ? 0 : AT_SYMLINK_NOFOLLOW
    try systemCall { file.withCString { utimensat(AT_FDCWD, $0, nil, flags) } }
  }

  /// Opens a directory for reading.
  /// - Throws: `ELOOP` also where symbolic links are followed and lead back to a directory above: a walk would not end.
  func list(_ directory: String) throws(Errno) -> DirectoryStream {
    let descriptor = try open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY)
    if way == .following {
      let identity = try descriptor.status().identity
      var above = directory
      while above.utf8.count > root.utf8.count {
        above = parent(of: above)
        let other = try status(of: above.isEmpty ? "/" : above).identity
        if other == identity { throw Errno(code: ELOOP) }
      }
    }
    return try DirectoryStream(descriptor)
  }
}

/// A name in a directory that is kept open, so that the directory can't be replaced by another one.
struct Place: ~Copyable {
  let directory: FileDescriptor
  let name: String

  init(directory: consuming FileDescriptor, name: String) {
    self.directory = directory
    self.name = name
  }

  /// A path that is known to contain no symbolic link, or may contain some.
  init(verified path: String) {
    directory = .workingDirectory
    name = path
  }

  /// Renames the file or directory here, over whatever file is at `destination`.
  func rename(to destination: borrowing Place) throws(Errno) {
    let (from, to, newName) = (directory.number, destination.directory.number, destination.name)
    try systemCall { name.withCString { old in newName.withCString { renameat(from, old, to, $0) } } }
  }

  /// Renames the file here where nothing is at `destination` yet.
  /// - Returns: false where something is.
  func renameUnlessThere(_ destination: borrowing Place) throws(Errno) -> Bool {
    let (from, to, newName) = (directory.number, destination.directory.number, destination.name)
    do {
      try systemCall {
        name.withCString { old in newName.withCString { renameat2(from, old, to, $0, UInt32(BERTH_RENAME_NOREPLACE)) } }
      }
      return true
    } catch  where error.code == EEXIST {
      return false
    }
  }

  /// Removes a file or a symbolic link, never a directory (`EISDIR`).
  func unlink() throws(Errno) {
    let above = directory.number
    try systemCall { name.withCString { unlinkat(above, $0, 0) } }
  }

  /// Removes a directory that is empty.
  func removeDirectory() throws(Errno) {
    let above = directory.number
    try systemCall { name.withCString { unlinkat(above, $0, AT_REMOVEDIR) } }
  }

  /// Makes a directory, unless something is here.
  func makeDirectory() throws(Errno) {
    let above = directory.number
    do {
      try systemCall { name.withCString { mkdirat(above, $0, 0o777) } }
    } catch  where error.code == EEXIST {
    }
  }
}
