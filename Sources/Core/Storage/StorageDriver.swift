/// Where a registry's bytes lie: a tree of files below one root.
///
/// Every implementation passes one contract suite (`Tests/DriversTests/StorageDriverContract`):
/// - A file is visible whole or not at all; `put` and `move` replace atomically.
/// - Parent directories appear as needed. An empty directory need not exist.
/// - `.notFound` for a path that is not there, in every operation that reads, moves or deletes.
/// - Names are case-sensitive.
/// - A call may block its thread: each request has a thread of its own.
///
/// No requirement has a default: each would be right for some drivers, and would silently cost others, and wrappers
/// around them, time or correctness.
public protocol StorageDriver: Sendable {
  /// What the driver is like. The same for its whole life.
  var traits: DriverTraits { get }

  /// The whole content of a small file. A file longer than `limit` bytes throws `.tooLarge`.
  func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8]

  /// Replaces the content of a file, atomically.
  func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError)

  /// Reads a file from `offset` (bytes) on. An offset past the end reads nothing.
  func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader

  /// Opens a file for writing: at its end where `appending` (the file is created where it is missing),
  /// else with no content. One writer at a time: a second one, in any process, throws `.busy`. To remove a file that
  /// may have a writer, open it first.
  func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter

  /// A writer whose content appears at `destination` when it is committed; before, it can neither be read nor be
  /// continued by another writer. For storage that would have to copy a file to move it; nil where it need not.
  /// - Parameter length: how many bytes will come; nil where that isn't known.
  func directWriter(to destination: StoragePath, length: Int64?) async throws(StorageError) -> (any StorageWriter)?

  /// What is at `path`.
  func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry

  /// The names of a directory's entries, in no particular order.
  func list(_ path: StoragePath) async throws(StorageError) -> [String]

  /// As `list`, one name after the other, for directories whose names are too many to hold. Entries may come and go
  /// meanwhile; those that are there all the time are visited once.
  func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError)

  /// As `list`, with the result of `stat` for each entry; at no further cost where the storage's lists contain it.
  /// Entries that are neither files nor directories are left out.
  func entries(of directory: StoragePath) async throws(StorageError) -> [DirectoryEntry]

  /// Moves a file over whatever file is at `destination`.
  func move(_ source: StoragePath, to destination: StoragePath, durability: Durability) async throws(StorageError)

  /// Sets the modification time of a file or a directory to now. This changes a directory's change token.
  func touch(_ path: StoragePath) async throws(StorageError)

  /// Makes a file that was found survive a loss of power: the process that wrote it may not have synced it yet, or may
  /// have died before. Costs next to nothing if the file was written long ago.
  func settle(_ path: StoragePath) async throws(StorageError)

  /// Removes a file, or a directory with everything below it.
  func delete(_ path: StoragePath, durability: Durability) async throws(StorageError)

  /// Removes `directory` where it is empty or not there, then in the same way those above it, below `top`.
  func prune(_ directory: StoragePath, below top: StoragePath) async throws(StorageError)

  /// Removes leftovers of processes that died, under names of the driver's own, if they are older than `age`. Also
  /// refills the reserve for maintenance on full storage, where this process may use it.
  /// - Returns: how many files and trees were removed.
  func sweepLeftovers(olderThan age: Duration) async throws(StorageError) -> Int

  /// A URL or path by which the client that sent `request`, or the web server, can read the file itself; nil where the
  /// worker must send it.
  func directURL(for path: StoragePath, answering request: DownloadRequest) async throws(StorageError) -> DirectURL?

  /// A value that changes whenever an entry is added to or removed from the directory, or the directory is touched.
  /// nil where the driver can't tell, or can't tell yet.
  func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken?
}

/// What a change must outlive once the call has returned.
public enum Durability: Sendable {
  /// The death of the process.
  case process
  /// A loss of power too: content and directory entries are synced.
  case powerLoss
  /// As `powerLoss` once a later change of the caller's, one with `powerLoss` or `selfChecking`, has returned: where
  /// the file system keeps the order of changes, that one's sync takes the name of this one with it. The content is
  /// synced at once.
  case withNext
  /// As `powerLoss` for content that tells by itself whether it is whole (a link): a loss of power *before* the call
  /// has returned may leave a file that is new empty or torn. Where the file system keeps the order of changes, this
  /// takes one sync and not two.
  case selfChecking
}

/// What `stat` tells of a path. A store may claim what it likes: the numbers are safe to count with.
public struct StorageEntry: Sendable, Equatable {
  /// Whether it is a directory.
  public let isDirectory: Bool
  /// Bytes (``ByteCount``); 0 for a directory.
  public let size: Int64
  /// Last modification, in nanoseconds since 1970 (``WallClock``).
  public let modified: Int64

  /// An entry with these attributes, brought into the ranges of their kinds.
  public init(isDirectory: Bool, size: Int64, modified: Int64) {
    self.isDirectory = isDirectory
    self.size = ByteCount.clamped(size)
    self.modified = WallClock.clamped(modified)
  }
}

/// One of a directory's entries: see ``StorageDriver/entries(of:)``.
public typealias DirectoryEntry = (name: String, entry: StorageEntry)

/// How a file can be had without passing through the worker.
public enum DirectURL: Sendable, Equatable {
  /// A path that only the web server can open (nginx: `X-Accel-Redirect`).
  case internalPath(String)
  /// A URL that the client may be redirected to.
  case url(String)
}

/// See ``StorageDriver/changeToken(of:)``.
public struct ChangeToken: Hashable, Sendable {
  private let first, second, third, fourth: UInt64

  /// Of whatever the driver can compare.
  public init(_ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0) {
    self.first = first
    self.second = second
    self.third = third
    self.fourth = fourth
  }
}

/// An open file. Belongs to one task; closes itself when let go.
public protocol StorageReader: AnyObject {
  /// The file's size in bytes when it was opened.
  var size: Int64 { get }

  /// Appends up to the buffer's free capacity to it. Returns the number of bytes; 0 at the end.
  func read(into buffer: IOBuffer) async throws(StorageError) -> Int
}

/// A file that grows. Belongs to one task.
///
/// The first of `close`, `cancel` and a `commit` that succeeds is its end, whether the first two succeed or not. After
/// that, `close` and `cancel` do nothing, so a caller that cleans up after a failure need not know what has ended it;
/// `write` and `commit` throw `.failed`. One that is let go of without an end keeps what was written, as `close` does.
public protocol StorageWriter: AnyObject {
  /// Bytes in the file, with what was there when it was opened.
  var size: Int64 { get }

  /// Appends. After an error the file holds some prefix of `bytes`; `size` is what it truly holds.
  func write(_ bytes: RawSpan) async throws(StorageError)

  /// Lets go of the file: what was written outlives this process. Where the file was removed meanwhile, throws
  /// `.notFound`, or, where another writer has it since, `.busy`.
  func close() async throws(StorageError)

  /// Moves the file over whatever file is at `destination`, and lets go of it. Its content lasts, and its name does
  /// with the next change (`Durability.withNext`): the link that makes it visible.
  ///
  /// One step, because between a sync and a move of its own another writer could add to what was verified.
  /// Where the file was removed meanwhile: throws `.notFound`. After an error nothing new is at `destination`,
  /// unless what failed was the sync of a directory.
  func commit(to destination: StoragePath) async throws(StorageError)

  /// Lets go of the file and removes it, if it is still this writer's.
  func cancel() async throws(StorageError)

  /// What keeps the file for a writer that may be silent for long; nil where other processes can't take it from one.
  var renewal: WriterRenewal? { get }
}

extension StorageWriter {
  /// None: the file is the writer's until it ends.
  public var renewal: WriterRenewal? { nil }
}
