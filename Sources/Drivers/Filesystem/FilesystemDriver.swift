public import Core
import Glibc
public import Logging
import Synchronization

/// Storage in a directory of a local or network file system.
///
/// Uses absolute paths only, so that a root that is unmounted and mounted again works without a restart.
/// Files that are not in their place yet, and trees that are being removed, are in a directory of the driver's own,
/// whose name no storage path can have (`~staging`). Leftovers of a crash there do no harm, and are swept.
public final class FilesystemDriver: StorageDriver {
  /// A rename is one step, what was written is found, and a call takes microseconds.
  public let traits = DriverTraits(
    name: "filesystem", isEventuallyConsistent: false, concurrency: 1, removalTiming: nil)
  /// The root without a trailing slash: empty for `/`.
  var root: String { lookup.root }
  /// How files are found.
  let lookup: PathLookup
  /// Space that this process may use up on a full disk; nil: none.
  let reserve: SpaceReserve?
  let patience: Duration
  /// As it was given, for messages.
  let rootDirectory: String
  private let accelPrefix: String?
  private let slots: Slots
  private let fileSystem: (device: UInt64, ordering: MetadataOrdering, reusesDirectories: Bool)?
  /// Directories that this process has already synced.
  let lasting = SyncedDirectories()
  private let hiddenNames = Atomic<UInt64>(0)
  private let hiddenPrefix = "\(String(UInt64.random(in: .min ... .max), radix: 16))-"

  /// Over `rootDirectory`.
  /// - Parameters:
  ///   - makesRoot: whether to create a missing root directory now. It is never created later: then, a missing root
  ///     means that a disk was unmounted, and creating it would hide that. Every operation throws `.unavailable`.
  ///   - maxThreads: how many operations run at the same time; further ones wait.
  ///   - accelPrefix: URI prefix of nginx's internal location for the root (X-Accel-Redirect); nil: there is none.
  ///   - followsSymlinks: whether symbolic links below the root are followed. The root itself may always be one; it is
  ///     resolved now.
  ///   - hasReserve: whether this process keeps a reserve of space, and uses it on a full disk: for processes that free
  ///     space.
  ///   - patience: how long a writer waits for another.
  ///   - logger: gets a warning where the reserve can't be made; nil: none is logged.
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

  /// A path for nginx's internal redirect. It needs no escapes: the grammar of storage paths allows only safe
  /// characters.
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

  /// The ordering of the file system that the file is in.
  func ordering(of descriptor: borrowing FileDescriptor) -> MetadataOrdering {
    ordering(of: (try? descriptor.status())?.identity)
  }

  /// As `ordering(of:)`, for a path.
  func ordering(at path: String) -> MetadataOrdering {
    ordering(of: (try? FileStatus(of: path))?.identity)
  }

  /// See ``MetadataOrdering/reusesDirectories(of:)``.
  var reusesDirectories: Bool { fileSystem?.reusesDirectories ?? false }

  private func ordering(of file: FileIdentity?) -> MetadataOrdering {
    guard let fileSystem, file?.device == fileSystem.device else { return .none }
    return fileSystem.ordering
  }

  /// Runs one operation on the file that `path` names, when fewer than `maxThreads` are running, and converts a failure
  /// to a `StorageError`.
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
      // An unmounted disk must not look like an empty registry.
      if error.code == ENOENT || error.code == ENOTDIR, !rootIsThere {
        throw StorageError(.unavailable, message, cause: "the storage's root directory \(rootDirectory) is gone")
      }
      throw StorageError(error, operation, message)
    }
  }

  /// Runs `body`; while it fails because the disk is full, gives up a part of the reserve and runs it again.
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
