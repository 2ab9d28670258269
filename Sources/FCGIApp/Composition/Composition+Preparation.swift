import Core
import Drivers

extension Composition {
  /// Creates a missing root directory of the storage, and checks that it can be written, before the processes start.
  ///
  /// Problems that may pass, such as a full disk, or one that is not mounted yet, do not keep the service from
  /// starting, because it can still be read from: `warn` gets them.
  static func prepare(_ storage: Configuration.Storage, warn: (StorageProblem) -> Void) throws(StorageProblem) {
    guard case .filesystem(let parameters) = storage.driver else { return }
    do {
      let driver = try FilesystemDriver(
        rootDirectory: parameters.rootDirectory, maxThreads: parameters.maxThreads, accelPrefix: nil,
        followsSymlinks: parameters.followSymlinks)
      try driver.checkLinks([StorageLayout.blobs, StorageLayout.repositories])
      if !storage.readOnly { try driver.checkWritable() }
    } catch  where error.code == .full || error.code == .unavailable {
      warn(StorageProblem(passing: error, root: parameters.rootDirectory))
    } catch  where error.code == .irregular {
      throw StorageProblem(links: error)
    } catch {
      throw StorageProblem(root: parameters.rootDirectory, error)
    }
  }
}

/// Storage that the service can't start with, or can't use as it starts.
struct StorageProblem: Error, CustomStringConvertible {
  let description: String

  fileprivate init(root: String, _ error: StorageError) {
    description = """
      storage.filesystem.rootdirectory: the service can't use \(root): \(error.cause ?? error.message) (make it a \
      directory that the service's user may write, name another one, or set storage.maintenance.readonly.enabled \
      to serve what is there)
      """
  }

  fileprivate init(links error: StorageError) {
    description = "storage.filesystem.followsymlinks: the service can't use its storage: \(error)"
  }

  fileprivate init(passing error: StorageError, root: String) {
    let remedy = error.code == .full ? "make room there" : "make or mount that directory, or name another one"
    description = """
      storage.filesystem.rootdirectory: the service starts, though it can't use \(root) now: \
      \(error.cause ?? error.message) (\(remedy); no restart is needed once it can be used)
      """
  }
}
