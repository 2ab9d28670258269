import Core
import Glibc

/// The entries of a directory, one after the other. Owns the C library's stream, and with it the descriptor.
struct DirectoryStream: ~Copyable {
  private let stream: OpaquePointer

  /// Takes over a directory that was opened for reading.
  init(_ directory: consuming FileDescriptor) throws(Errno) {
    let descriptor = directory.release()
    guard let stream = fdopendir(descriptor) else {
      let error = Errno.last
      close(descriptor)
      throw error
    }
    self.stream = stream
  }

  /// The directory `name` in this one; never one that a symbolic link leads to.
  init(opening name: UnsafePointer<CChar>, in directory: borrowing DirectoryStream) throws(Errno) {
    let above = directory.descriptor
    try self.init(
      FileDescriptor(
        taking: try systemCall { openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }))
  }

  deinit {
    closedir(stream)
  }

  /// For system calls. Valid as long as this is.
  var descriptor: Int32 { dirfd(stream) }

  /// The next names that a storage path can have, as many as were asked for unless the directory ends before.
  func names(atLeast count: Int = .max) throws(Errno) -> [String] {
    var names = [String]()
    while names.count < count {
      let isOver = try next { name throws(Errno) in
        let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
        if StoragePath.isComponent(bytes) { names.append(String(decoding: bytes, as: UTF8.self)) }
      }
      if isOver { break }
    }
    return names
  }

  /// Calls `body` with the name of each entry but `.` and `..`; the name is valid for the call.
  func forEach(_ body: (UnsafePointer<CChar>) throws(Errno) -> Void) throws(Errno) {
    while try !next(body) {}
  }

  /// Starts again at the first entry.
  func rewind() {
    rewinddir(stream)
  }

  /// Calls `body` with the name of the next entry, unless that is `.` or `..`. Returns true where there is none.
  func next(_ body: (UnsafePointer<CChar>) throws(Errno) -> Void) throws(Errno) -> Bool {
    errno = 0
    guard let entry = readdir(stream) else {
      if errno != 0 { throw .last }
      return true
    }
    try withUnsafePointer(to: &entry.pointee.d_name) { field throws(Errno) in
      try field.withMemoryRebound(to: CChar.self, capacity: 256) { name throws(Errno) in
        if strcmp(name, ".") != 0, strcmp(name, "..") != 0 { try body(name) }
      }
    }
    return false
  }

  /// Of the entry `name` itself, not of what a symbolic link leads to.
  func status(of name: UnsafePointer<CChar>) throws(Errno) -> FileStatus {
    var status = FileStatus()
    try systemCall { fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) }
    return status
  }
}
