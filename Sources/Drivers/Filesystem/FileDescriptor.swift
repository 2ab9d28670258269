import CLinux
import Core
import Glibc

/// An open file. Owns the descriptor and closes it exactly once: by `close`, or when it goes out of scope.
struct FileDescriptor: ~Copyable {
  /// For system calls. Valid as long as this is.
  let number: Int32
  private var isLocked = false

  /// Opens the file at `path`, following symbolic links. A file that `flags` create gets the permissions that the
  /// umask allows. Files below a storage's root are opened by ``PathLookup`` instead.
  init(opening path: String, _ flags: Int32) throws(Errno) {
    number = try systemCall { path.withCString { open($0, flags | O_CLOEXEC, 0o666 as mode_t) } }
  }

  /// Takes over a descriptor that was just opened.
  init(taking number: Int32) {
    self.number = number
  }

  /// Stands for the working directory (`AT_FDCWD`), for system calls that take a path relative to a directory.
  static var workingDirectory: FileDescriptor { FileDescriptor(taking: AT_FDCWD) }

  deinit {
    _ = FileDescriptor.end(number, isLocked)
  }

  /// Closes the file. Throws if an earlier write failed, which network file systems report only now.
  consuming func close() throws(Errno) {
    let (closing, isLocked) = (number, isLocked)
    discard self
    if let error = FileDescriptor.end(closing, isLocked) { throw error }
  }

  private static func end(_ number: Int32, _ isLocked: Bool) -> Errno? {
    guard number >= 0 else { return nil }
    if isLocked { flock(number, LOCK_UN) }
    // Linux closes the descriptor even if a signal interrupts the call.
    return Glibc.close(number) == -1 && errno != EINTR ? .last : nil
  }

  /// Gives up ownership: the caller closes the descriptor.
  consuming func release() -> Int32 {
    let released = number
    discard self
    return released
  }

  func status() throws(Errno) -> FileStatus {
    var status = FileStatus()
    try systemCall { fstat(number, &status) }
    return status
  }

  /// Makes content and attributes survive a loss of power. Do not repeat it after a failure: the kernel may have marked
  /// lost pages as clean, so that the second call succeeds.
  func sync() throws(Errno) {
    try systemCall { fsync(number) }
  }

  /// The magic number of the file system; nil where the kernel doesn't say.
  var fileSystemType: Int? {
    var system = CLinux.statfs()
    return fstatfs(number, &system) == 0 ? Int(system.f_type) : nil
  }

  /// When the file was made, in nanoseconds since 1970; nil where the file system doesn't keep that.
  var birth: Int64? {
    var status = CLinux.statx()
    guard statx(number, "", Int32(BERTH_AT_EMPTY_PATH), UInt32(STATX_BTIME), &status) == 0,
      status.stx_mask & UInt32(STATX_BTIME) != 0
    else { return nil }
    return WallClock.time(seconds: status.stx_btime.tv_sec, nanoseconds: Int64(status.stx_btime.tv_nsec))
  }

  /// Sets the time of modification to now.
  func touch() throws(Errno) {
    try systemCall { futimens(number, nil) }
  }

  func truncate() throws(Errno) {
    try systemCall { ftruncate(number, 0) }
  }

  /// Takes the file's exclusive lock (`flock`), until this is closed. Closing unlocks explicitly, because a process
  /// that is being started at the moment may have inherited the descriptor.
  /// - Returns: false where another open file has the lock.
  mutating func lock() throws(Errno) -> Bool {
    do {
      try systemCall { flock(number, LOCK_EX | LOCK_NB) }
      isLocked = true
      return true
    } catch  where error.code == EWOULDBLOCK {
      return false
    }
  }

  /// Reads at `offset`. Returns fewer bytes than fit into `buffer` only at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
    try systemCall { pread(number, buffer.baseAddress, buffer.count, off_t(offset)) }
  }

  /// Writes all of `bytes` at `offset`, and advances `offset` by the bytes written, also after an error.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: inout Int64) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let count = try systemCall { pwrite(number, piece.baseAddress, piece.count, off_t(offset)) }
      guard count > 0 else { throw Errno(code: EIO) }
      offset += Int64(count)
      rest = rest.dropFirst(count)
    }
  }

  /// Makes the kernel begin to write a range to the disk. Only a hint: `sync` reports failures.
  func beginWriteback(from offset: Int64, count: Int64) {
    sync_file_range(number, Int(offset), Int(count), UInt32(BERTH_SYNC_FILE_RANGE_WRITE))
  }

  /// The content from the start; nil where it is longer than `limit` bytes.
  func content(limit: Int) throws(Errno) -> [UInt8]? {
    // One read suffices for a file of up to 16 KiB: a buffer that is not filled shows the end.
    var capacity = min(limit, 16 << 10) + 1
    var content = [UInt8]()
    while true {
      let held = content.count
      var failure: Errno?
      content = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        bytes.copyBytes(from: content)
        count = held
        do throws(Errno) {
          count += try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[held...]), at: Int64(held))
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      if content.count > limit { return nil }
      if content.count < capacity {
        // Callers may keep the content, so don't return a buffer of the guessed size.
        return capacity > 1024 && content.count < capacity / 2 ? Array(content[...]) : content
      }
      capacity = min(limit, 8 * capacity) + 1
    }
  }
}
