/// How files are removed that requests may claim at the same moment: both sides first write what the other side must see,
/// and then look for what the other side has written.
///
/// There are two ways: ``MovingAside`` on file systems, ``AnnouncingRemovals`` on object stores. Proofs:
/// docs/internals/removal.md.
protocol RemovalProtocol: Sendable {
  // MARK: Requests

  /// Claims a content, so that garbage collection keeps it, and looks for it.
  /// - Parameter isComing: whether the content is about to be put, if it isn't there.
  /// - Returns: nil where there is no such content.
  func claim(
    _ digest: Digest, isComing: Bool, in blobs: BlobStore
  ) async throws(StorageError) -> BlobStore.Claim?

  /// Call it after putting a content that was claimed with `isComing`: if the put took so long that the claim may no
  /// longer count, claims it again.
  /// - Throws: `.unavailable` where the content is gone.
  func keepClaim(of digest: Digest, in blobs: BlobStore) async throws(StorageError)

  /// Waits until no removal of the file at `path` is under way. Call it after writing the claim (or what makes the file
  /// wanted), and before looking for the file.
  /// - Returns: whether it had to wait: then the file and its claim may be gone.
  func awaitDecision(on path: StoragePath) async throws(StorageError) -> Bool

  /// Moves back what removals have moved aside from `path`.
  /// - Returns: whether it is worth looking at `path` again.
  func restore(_ path: StoragePath) async throws(StorageError) -> Bool

  // MARK: Removals

  /// The file whose modification time is the claim of the content at `data`; nil: the content's own time is.
  func claimFile(of data: StoragePath) -> StoragePath?

  /// Where a removal that has not ended keeps the file that was at `path`; nil where there is none.
  func movedAside(from path: StoragePath) async throws(StorageError) -> StoragePath?

  /// How long a process may rely on a claim that it made earlier: a collection adds it to the grace.
  var claimAllowance: Duration { get }

  /// How many files one announcement covers.
  var batch: Int { get }

  /// Notes that a run begins.
  /// - Parameter isDryRun: nothing is written.
  func begin(_ run: RemovalRun, isDryRun: Bool) async throws(StorageError) -> RemovalRun.Begin

  /// Runs `body`, which may remove files at `paths`, at most `batch` of them, while the window is open.
  func announcing<Result>(
    _ paths: [StoragePath], _ body: (RemovalWindow) async throws(StorageError) -> Result
  ) async throws(StorageError) -> Result

  /// Removes the file at `path`, unless it is wanted.
  /// - Parameter isWanted: called when no later claim can be missed. Gets the place where the file can be read, and its
  ///   modification time.
  func remove(
    _ path: StoragePath, _ window: RemovalWindow, in run: RemovalRun,
    unless isWanted: (_ place: StoragePath, _ modified: Int64) async throws(StorageError) -> Bool
  ) async throws(StorageError) -> RemovalOutcome

  /// Removes the content at `data`, and its claim, unless it was written or claimed since `cutoff` (nanoseconds since
  /// 1970).
  func removeContent(
    _ data: StoragePath, _ window: RemovalWindow, in run: RemovalRun, since cutoff: Int64
  ) async throws(StorageError) -> RemovalOutcome
}

/// What has become of a file that was to be removed.
enum RemovalOutcome: Sendable {
  case removed
  /// Wanted, or already removed or moved back.
  case kept
  /// The window was closed: the removal has to be announced again.
  case late
}

extension StorageDriver {
  /// The only place that chooses between the two protocols.
  var removalProtocol: any RemovalProtocol {
    removalTiming.map { AnnouncingRemovals(self, $0) } ?? MovingAside(self)
  }

  /// Whether files and directories are renamed and removed in one step, as on a file system. Object stores don't, and
  /// have no directories.
  var hasAtomicRename: Bool { removalTiming == nil }
}
