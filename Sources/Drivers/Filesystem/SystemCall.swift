import CLinux
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

/// Renames a file or directory, over whatever file is at `destination`.
func rename(_ source: String, to destination: String) throws(Errno) {
  try systemCall { source.withCString { from in destination.withCString { Glibc.rename(from, $0) } } }
}

/// Renames a file where nothing has its new name yet.
/// - Returns: false where something has.
func renameUnlessThere(_ source: String, to destination: String) throws(Errno) -> Bool {
  do {
    try systemCall {
      source.withCString { from in
        destination.withCString { renameat2(AT_FDCWD, from, AT_FDCWD, $0, UInt32(BERTH_RENAME_NOREPLACE)) }
      }
    }
    return true
  } catch  where error.code == EEXIST {
    return false
  }
}

/// Removes a file or a symbolic link, never a directory (`EISDIR`).
func unlink(_ file: String) throws(Errno) {
  try systemCall { file.withCString { Glibc.unlink($0) } }
}

/// The path of the directory that holds `file`; empty for an entry of `/`.
func parent(of file: String) -> String {
  guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return String(file[..<slash])
}
