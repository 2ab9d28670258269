import Core
import Glibc

/// Whose files the storage's are.
enum StorageOwner {
  /// Goes on as the one who made the storage, where root does not: a service that runs as somebody else could not
  /// change what a command of root's leaves.
  static func assume(_ storage: Configuration.Storage) throws(SystemError) {
    guard geteuid() == 0, case .filesystem(let parameters) = storage.driver else { return }
    var status = stat()
    // The service has made it, while the root directory may be an administrator's.
    let made = parameters.rootDirectory + StorageLayout.root.string
    guard stat(made, &status) == 0, status.st_uid != 0 else { return }
    guard setgroups(0, nil) == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
      throw SystemError("can't go on as user \(status.st_uid), who made \(made)")
    }
  }
}
