import Core
import Glibc

/// The status of a file (`stat`).
typealias FileStatus = Glibc.stat

extension FileStatus {
  /// Of the file at `path`, through symbolic links.
  init(of path: String) throws(Errno) {
    self.init()
    try systemCall { path.withCString { fstatat(AT_FDCWD, $0, &self, 0) } }
  }

  var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }

  var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }

  /// Throws unless it is a file with content of its own.
  func requireFile() throws(Errno) {
    if st_mode & S_IFMT == S_IFREG { return }
    throw Errno(code: isDirectory ? EISDIR : isSymbolicLink ? ELOOP : ENXIO)
  }

  var identity: FileIdentity { FileIdentity(device: UInt64(st_dev), number: UInt64(st_ino)) }

  /// Throws unless it is a file or a directory.
  func entry() throws(Errno) -> StorageEntry {
    if !isDirectory { try requireFile() }
    return StorageEntry(
      isDirectory: isDirectory, size: isDirectory ? 0 : ByteCount.clamped(Int64(st_size)), modified: st_mtim.nanoseconds
    )
  }
}

/// Identifies a file among all that exist now, whatever its path.
struct FileIdentity: Equatable {
  let device: UInt64
  let number: UInt64
}

/// Whether anything is at `path`; a symbolic link counts, wherever it leads.
func exists(_ path: String) -> Bool {
  var status = FileStatus()
  return path.withCString { lstat($0, &status) } == 0
}
