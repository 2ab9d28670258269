public import Core
import Glibc

extension FilesystemDriver {
  /// Opens, reads, closes: no more for a small file. Reading at an offset fails for a FIFO and a socket, and a device
  /// can't give more than the limit.
  public func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] {
    let content = try perform(.read, path) { file throws(Errno) in
      try lookup.open(file, O_RDONLY).content(limit: limit)
    }
    guard let content else { throw StorageError(.tooLarge, "read \(path)", cause: "longer than \(limit) bytes") }
    return content
  }

  /// See ``StorageDriver/reader(at:from:)``.
  public func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    try perform(.read, path) { file throws(Errno) in
      let descriptor = try lookup.open(file, O_RDONLY)
      let status = try descriptor.status()
      try status.requireFile()
      return FilesystemReader(
        self, path, descriptor, size: ByteCount.clamped(Int64(status.st_size)), offset: max(0, offset))
    }
  }

  /// See ``StorageDriver/stat(_:)``.
  public func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry {
    try perform(.stat, path) { file throws(Errno) in try lookup.status(of: file).entry() }
  }

  /// Names that no storage path can have are hidden.
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    try perform(.list, path) { file throws(Errno) in
      try open(file).names()
    }
  }

  /// Holds a descriptor all the time, and its place among `maxThreads` only while it reads.
  public func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let directory = try perform(.list, path) { file throws(Errno) in try open(file) }
    while true {
      let names = try perform(.list, path) { _ throws(Errno) in try directory.names(atLeast: 1000) }
      if names.isEmpty { return }
      for name in names { try await visit(name) }
    }
  }

  /// See ``StorageDriver/entries(of:)``.
  public func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    try await entriesByStat(of: directory)
  }

  private func open(_ directory: String) throws(Errno) -> DirectoryStream {
    do throws(Errno) {
      return try lookup.list(directory)
    } catch  where error.code == ENOTDIR && exists(directory) {
      throw Errno(code: EISDIR)
    }
  }

  /// Compares the directory's identity and times.
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    let status = try perform(.stat, directory) { file throws(Errno) in
      let status = try lookup.status(of: file)
      if status.isSymbolicLink { throw Errno(code: ELOOP) }
      return status
    }
    guard status.isDirectory else { throw StorageError(.wrongKind, "stat \(directory)", cause: "not a directory") }
    // Two changes within one tick of the kernel's clock can't be distinguished, so a time counts only once the tick is
    // certainly over. Kernels tick every few milliseconds. Some file systems keep whole
    // seconds, or every second one: ext4 with small inodes, FAT, servers with one of these beneath.
    let isWholeSecond = status.st_mtim.tv_nsec == 0 && status.st_ctim.tv_nsec == 0
    let tick: Int64 = isWholeSecond ? 2_100_000_000 : 100_000_000
    let changed = max(status.st_mtim.nanoseconds, status.st_ctim.nanoseconds)
    guard changed < WallClock.now - tick else { return nil }
    return ChangeToken(
      status.identity.device, status.identity.number,
      UInt64(bitPattern: status.st_mtim.nanoseconds), UInt64(bitPattern: status.st_ctim.nanoseconds))
  }
}
