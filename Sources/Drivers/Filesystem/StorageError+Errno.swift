import Core
import Glibc

/// The operation that failed: a word for messages. The meaning of an errno depends on it.
enum FilesystemOperation: String {
  case read, stat, list, put, write, commit, move, touch, settle, delete
}

extension StorageError {
  /// Converts an errno. The only place that does.
  init(_ error: Errno, _ operation: FilesystemOperation, _ message: String) {
    let cause =
      switch error.code {
      case EXDEV: "\(error.text): all of the storage's root directory must be in one file system"
      case ELOOP:
        "a symbolic link is in the way, and Berth follows none below the storage's root directory: replace it with "
          + "what it leads to, or set storage.filesystem.followsymlinks"
      case ENXIO, ESPIPE: "it is neither a file nor a directory: remove it"
      default: error.text
      }
    self.init(Code(error, operation), message, cause: cause)
  }
}

extension Errno {
  fileprivate var text: String { String(cString: strerror(code)) }
}

extension StorageError.Code {
  fileprivate init(_ error: Errno, _ operation: FilesystemOperation) {
    switch (error.code, operation) {
    case (ENOENT, .put), (ENOENT, .write):
      // These create missing directories: another process keeps removing them.
      self = .unavailable
    case (ENOTDIR, .put), (ENOTDIR, .write), (ENOTDIR, .commit), (ENOTDIR, .move):
      self = .wrongKind
    case (ENOENT, _), (ENOTDIR, _):
      self = .notFound
    case (EISDIR, _), (ENOTEMPTY, .put), (ENOTEMPTY, .move), (ENOTEMPTY, .commit):
      // ENOTEMPTY also where the directory at the destination contains the source.
      self = .wrongKind
    case (ELOOP, _), (ENXIO, _), (ESPIPE, _):
      self = .irregular
    case (ENOSPC, _), (EDQUOT, _), (EFBIG, _):
      self = .full
    case (EACCES, _), (EPERM, _), (EROFS, _):
      self = .denied
    case (ESTALE, .delete), (ESTALE, .write):
      self = .notFound
    case (EMFILE, _), (ENFILE, _), (ENOMEM, _), (EAGAIN, _):
      self = .unavailable
    default:
      self = .failed
    }
  }
}
