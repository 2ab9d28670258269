public import Core
import Glibc
import Synchronization

/// Storage in a directory of a local or network file system.
///
/// Everything goes by absolute paths, so that a root that was unmounted and mounted again serves on.
/// What isn't in its place yet, and trees that are being removed, lie in a directory of the driver's own, whose name
/// no storage path can have. What a crash leaves there does no harm, and is swept.
public final class FilesystemDriver: StorageDriver {
  /// `filesystem`
  public let name = "filesystem"
  /// The root without a trailing slash: empty for `/`.
  let root: String
  let patience: Duration
  private let accelPrefix: String?
  private let slots: Slots
  private let fileSystem: (device: UInt64, promise: NamePromise, reusesDirectories: Bool)?
  /// Directories that last.
  let lasting = LastingDirectories()
  private let hiddenNames = Atomic<UInt64>(0)
  private let hiddenPrefix = "\(String(UInt64.random(in: .min ... .max), radix: 16))-"

  /// Over `rootDirectory`.
  /// - Parameters:
  ///   - makesRoot: whether it is made where it is missing: now, and never later. Then, a root that isn't there is a
  ///     disk that went away, and making it anew would hide that; every operation throws `.unavailable`.
  ///   - maxThreads: operations under way at once; a further one waits.
  ///   - accelPrefix: where the web server shows the root to workers alone; nil where it doesn't.
  ///   - patience: how long a writer waits for another.
  /// - Throws: where the root directory can't be made.
  public init(
    rootDirectory: String, maxThreads: Int, accelPrefix: String?, makesRoot: Bool = true,
    patience: Duration = writerPatience
  ) throws(StorageError) {
    root = FilesystemDriver.withoutTrailingSlashes(rootDirectory)
    self.patience = patience
    self.accelPrefix = accelPrefix.flatMap { $0.isEmpty ? nil : FilesystemDriver.withoutTrailingSlashes($0) }
    slots = Slots(max(1, maxThreads))
    do {
      if makesRoot { try FilesystemDriver.makeRoot(root) }
      fileSystem = FilesystemDriver.fileSystem(of: root)
    } catch {
      throw StorageError(error, .put, "make the storage's root directory \(rootDirectory)")
    }
  }

  private static func withoutTrailingSlashes(_ path: String) -> String {
    String(path[..<(path.lastIndex { $0 != "/" }.map { path.index(after: $0) } ?? path.startIndex)])
  }

  /// A path for the web server's internal redirect. The grammar of paths needs no escapes.
  public func directURL(for path: StoragePath, answering request: DownloadRequest) async throws(StorageError)
    -> DirectURL?
  {
    accelPrefix.map { .internalPath($0 + path.string) }
  }

  /// The driver's own directory. All of the root must be in one file system: files move between its directories.
  var staging: String { "\(root)/~staging" }

  /// A name that no other process uses.
  func hiddenName() -> String {
    "\(hiddenPrefix)\(hiddenNames.wrappingAdd(1, ordering: .relaxed).newValue)"
  }

  /// For a file that isn't in its place yet.
  func hiddenPath() -> String { "\(staging)/\(hiddenName())" }

  /// What the file system that a file lies in promises of names.
  func promise(of descriptor: borrowing FileDescriptor) -> NamePromise {
    promise(of: (try? descriptor.status())?.identity)
  }

  /// As for a file that is open.
  func promise(at path: String) -> NamePromise {
    promise(of: (try? FileStatus(of: path))?.identity)
  }

  /// See ``NamePromise/reusesDirectories(of:)``.
  var reusesDirectories: Bool { fileSystem?.reusesDirectories ?? false }

  private func promise(of file: FileIdentity?) -> NamePromise {
    guard let fileSystem, file?.device == fileSystem.device else { return .none }
    return fileSystem.promise
  }

  /// Runs one operation on the file that `path` names, within the bound of `maxThreads`, and says what a failure
  /// means.
  func perform<Result: ~Copyable>(
    _ operation: FilesystemOperation, _ path: StoragePath, to destination: StoragePath? = nil,
    _ body: (_ file: String) throws(Errno) -> Result
  ) throws(StorageError) -> Result {
    slots.take()
    defer { slots.give() }
    do {
      return try body(file(path))
    } catch {
      let message = "\(operation.rawValue) \(path)" + (destination.map { " to \($0)" } ?? "")
      // A disk that went away must not pass for an empty registry.
      if error.code == ENOENT || error.code == ENOTDIR, !rootIsThere {
        throw StorageError(.unavailable, message, cause: "the storage's root directory \(rootDirectory) is gone")
      }
      throw StorageError(error, operation, message)
    }
  }

  /// The absolute path of what `path` names.
  func file(_ path: StoragePath) -> String {
    root + path.string
  }

  var rootDirectory: String { root.isEmpty ? "/" : root }

  var rootIsThere: Bool {
    (try? FileStatus(of: rootDirectory))?.isDirectory ?? false
  }
}
