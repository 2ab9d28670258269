import Core
import Glibc

/// The user who owns the storage's files.
enum StorageOwner {
  /// If root runs the command, switches to the user who owns the storage, so that the service can change what the
  /// command writes.
  static func assume(_ storage: Configuration.Storage) throws(SystemError) {
    guard geteuid() == 0, case .filesystem(let parameters) = storage.driver else { return }
    var status = stat()
    // Look at a directory that the service creates: the root directory may belong to an administrator.
    let made = parameters.rootDirectory + StorageLayout.root.string
    guard stat(made, &status) == 0, status.st_uid != 0 else { return }
    guard setgroups(0, nil) == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
      throw SystemError("can't go on as user \(status.st_uid), who made \(made)")
    }
  }
}
