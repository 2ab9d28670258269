import Glibc

/// Why a system call failed, in the kernel's terms; `StorageError+Errno` says what it means to the registry.
struct Errno: Error, Equatable {
  let code: Int32

  /// The reason for the call that failed last on this thread.
  static var last: Errno { Errno(code: errno) }
}

/// Makes a system call that answers -1 on failure, again where a signal interrupted it.
@inline(__always)
@discardableResult
func systemCall<Result: FixedWidthInteger>(_ call: () -> Result) throws(Errno) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let error = Errno.last
    if error.code != EINTR { throw error }
  }
}

/// The path of the directory that holds `file`; empty for an entry of `/`.
func parent(of file: String) -> String {
  guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return String(file[..<slash])
}

/// The text of the symbolic link at `path`; nil where there is none.
func linkTarget(of path: String) -> String? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
    guard let start = buffer.baseAddress else { return nil }
    let count = path.withCString { readlink($0, start, buffer.count) }
    return count < 0 ? nil : String(decoding: UnsafeRawBufferPointer(buffer).prefix(count), as: UTF8.self)
  }
}
