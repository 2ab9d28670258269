public import Core
import Glibc
public import Logging
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
  var root: String { lookup.root }
  /// How files are found.
  let lookup: PathLookup
  /// What this process may use up where the disk is full; nil: nothing.
  let reserve: SpaceReserve?
  let patience: Duration
  /// As it was given, for messages.
  let rootDirectory: String
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
  ///   - followsSymlinks: whether symbolic links below the root are followed. The root itself may always be one: where
  ///     it leads is looked up now.
  ///   - hasReserve: whether this process keeps a little room for itself, and uses it where the disk is full: the
  ///     processes that free it again.
  ///   - patience: how long a writer waits for another.
  ///   - logger: where it is said that no room can be kept; nil: nowhere.
  /// - Throws: where the root directory can't be made.
  public convenience init(
    rootDirectory: String, maxThreads: Int, accelPrefix: String?, makesRoot: Bool = true,
    followsSymlinks: Bool = false, hasReserve: Bool = false, patience: Duration = writerPatience, logger: Logger? = nil
  ) throws(StorageError) {
    try self.init(
      rootDirectory: rootDirectory, maxThreads: maxThreads, accelPrefix: accelPrefix, makesRoot: makesRoot,
      way: PathLookup.way(followsSymlinks: followsSymlinks), hasReserve: hasReserve, patience: patience,
      logger: logger)
  }

  /// - Parameter way: how symbolic links are kept out.
  init(
    rootDirectory: String, maxThreads: Int, accelPrefix: String?, makesRoot: Bool, way: PathLookup.Way,
    hasReserve: Bool = false, patience: Duration, logger: Logger? = nil
  ) throws(StorageError) {
    let root = FilesystemDriver.withoutTrailingSlashes(rootDirectory)
    self.rootDirectory = root.isEmpty ? "/" : root
    self.patience = patience
    self.accelPrefix = accelPrefix.flatMap { $0.isEmpty ? nil : FilesystemDriver.withoutTrailingSlashes($0) }
    slots = Slots(max(1, maxThreads))
    do {
      if makesRoot { try FilesystemDriver.makeRoot(root) }
      lookup = PathLookup(root: way == .following ? root : FilesystemDriver.resolved(root), way: way)
      reserve = hasReserve ? SpaceReserve(lookup, logger) : nil
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

  /// Runs what needs room, and again where there is none, as often as the reserve gives some up.
  func withRoom<Result: ~Copyable>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
    while true {
      do {
        return try body()
      } catch {
        guard error.isForWantOfSpace, reserve?.giveUp() ?? false else { throw error }
      }
    }
  }

  /// The absolute path of what `path` names.
  func file(_ path: StoragePath) -> String {
    path == .root && !root.isEmpty ? root : root + path.string
  }

  var rootIsThere: Bool {
    (try? FileStatus(of: root.isEmpty ? "/" : root))?.isDirectory ?? false
  }
}
