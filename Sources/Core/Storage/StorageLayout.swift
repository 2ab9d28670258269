/// Every path on disk, as docker/distribution lays them out.
///
/// What Berth adds (`_referrers`) begins with an underscore below a repository, where distribution looks at
/// nothing but the names it knows.
public enum StorageLayout {
  /// The root of everything below the driver's root.
  public static let root = StoragePath(unchecked: "/docker/registry/v2")
  /// All content.
  public static let blobs = root / "blobs"
  /// All repositories.
  public static let repositories = root / "repositories"
  /// Files of maintenance tasks; docker/distribution looks only at blobs and repositories.
  public static let maintenance = root / "_maintenance"

  /// Where a verification puts content that is not what its digest says: it counts as absent there.
  static func quarantined(_ digest: Digest) -> StoragePath {
    root / "_quarantine" / digest.algorithm.rawValue / String(digest.hex)
  }

  /// The file whose lock lets one process at a time do a task (see ``MaintenanceTurn``).
  static func maintenanceLock(_ task: String) -> StoragePath {
    maintenance / "\(task).lock"
  }

  /// When the last run of a task that came to its end began (RFC 3339, UTC).
  static func maintenanceRecord(_ task: String) -> StoragePath {
    maintenance / "\(task).last"
  }

  /// Is there while a collection may have left things moved aside.
  static let collection = maintenance / "\(GarbageCollector.task).run"

  /// Written and read to learn whether the storage works, where a single file can't be read (see `UnreadableFiles`).
  static let readabilityProbe = maintenance / "readability.probe"

  /// Notices of what is about to be removed, where removals are announced (see `AnnouncingRemovals`).
  static let removalNotices = maintenance / "removals"
  /// Another one with each notice that comes or goes.
  static let removalChange = maintenance / "removals.change"
  /// Written to read the storage's time from its modification time.
  static let removalClock = maintenance / "removals.clock"

  /// The permits of cache domains (see `CachePermit`).
  static let cachePermits = maintenance / "caches"

  /// The permit of one domain.
  static func cachePermit(_ domain: String) -> StoragePath {
    cachePermits / domain
  }

  /// The content of a blob or manifest.
  public static func blobData(_ digest: Digest) -> StoragePath {
    let hex = digest.hex
    return StoragePath(
      unchecked: "\(blobs.string)/\(digest.algorithm.rawValue)/\(hex.prefix(2))/\(hex)/data")
  }

  /// The claim of a content, on object stores: its modification time is when the content was last claimed.
  /// docker/distribution looks at `data` alone, and removes both.
  static func blobClaim(_ digest: Digest) -> StoragePath {
    blobData(digest).parent / claimName
  }

  /// The name of claims.
  static let claimName = "claimed"

  /// A repository's directory.
  public static func repository(_ name: RepositoryName) -> StoragePath {
    repositories / name.description
  }

  /// The lock of a repository's removal. Exists only meanwhile.
  static func repositoryRemoval(_ name: RepositoryName) -> StoragePath {
    repository(name) / "_removal"
  }

  /// The blobs that a repository may see.
  public static func layers(_ name: RepositoryName) -> StoragePath {
    repository(name) / "_layers"
  }

  /// The link that makes a blob visible in a repository.
  public static func layerLink(_ name: RepositoryName, _ digest: Digest) -> StoragePath {
    StoragePath(unchecked: "\(repository(name).string)/_layers/\(digest.pathPair)/link")
  }

  /// The link that makes a manifest visible in a repository.
  public static func revisionLink(_ name: RepositoryName, _ digest: Digest) -> StoragePath {
    revision(name, digest) / "link"
  }

  /// The directory of a manifest's revision: its link and, for schema 1, its signatures.
  public static func revision(_ name: RepositoryName, _ digest: Digest) -> StoragePath {
    StoragePath(unchecked: "\(manifests(name).string)/revisions/\(digest.pathPair)")
  }

  /// A repository's manifests: revisions and tags.
  public static func manifests(_ name: RepositoryName) -> StoragePath {
    repository(name) / "_manifests"
  }

  /// The revisions of a repository's manifests.
  static func revisions(_ name: RepositoryName) -> StoragePath {
    manifests(name) / "revisions"
  }

  /// All tags of a repository.
  public static func tags(_ name: RepositoryName) -> StoragePath {
    manifests(name) / "tags"
  }

  /// One tag: what it points to and what it pointed to.
  public static func tag(_ name: RepositoryName, _ tag: Tag) -> StoragePath {
    tags(name) / tag.description
  }

  /// The link to the manifest that a tag points to.
  public static func tagCurrentLink(_ name: RepositoryName, _ tag: Tag) -> StoragePath {
    StoragePath(unchecked: "\(tags(name).string)/\(tag.description)/current/link")
  }

  /// The link to a manifest that a tag points to or pointed to.
  public static func tagIndexLink(_ name: RepositoryName, _ tag: Tag, _ digest: Digest) -> StoragePath {
    StoragePath(unchecked: "\(tags(name).string)/\(tag.description)/index/\(digest.pathPair)/link")
  }

  /// What a tag points to and pointed to.
  static func tagIndex(_ name: RepositoryName, _ tag: Tag) -> StoragePath {
    StorageLayout.tag(name, tag) / "index"
  }

  /// What a tag points to and pointed to, by one algorithm.
  static func tagIndex(_ name: RepositoryName, _ tag: Tag, _ algorithm: Digest.Algorithm) -> StoragePath {
    StoragePath(unchecked: "\(tags(name).string)/\(tag.description)/index/\(algorithm.rawValue)")
  }

  /// The lock of a tag's removal. Exists only meanwhile.
  static func tagRemoval(_ name: RepositoryName, _ tag: Tag) -> StoragePath {
    StorageLayout.tag(name, tag) / "removal"
  }

  /// All uploads of a repository.
  public static func uploads(_ name: RepositoryName) -> StoragePath {
    repository(name) / "_uploads"
  }

  /// One upload.
  public static func upload(_ name: RepositoryName, _ id: UploadID) -> StoragePath {
    uploads(name) / id.description
  }

  /// What an upload has received.
  public static func uploadData(_ name: RepositoryName, _ id: UploadID) -> StoragePath {
    upload(name, id) / "data"
  }

  /// When an upload began (RFC 3339, UTC).
  public static func uploadStartedAt(_ name: RepositoryName, _ id: UploadID) -> StoragePath {
    upload(name, id) / "startedat"
  }

  /// The states of the hashes over an upload's first bytes, by algorithm.
  static func uploadHashStates(_ name: RepositoryName, _ id: UploadID) -> StoragePath {
    upload(name, id) / "hashstates"
  }

  /// The states of the hashes over an upload's first bytes, each named by the number of bytes.
  public static func uploadHashStates(
    _ name: RepositoryName, _ id: UploadID, _ algorithm: Digest.Algorithm
  ) -> StoragePath {
    uploadHashStates(name, id) / algorithm.rawValue
  }

  /// Where what is at `path` waits while the collection `run` decides about it (see `MovingAside`).
  static func condemned(_ path: StoragePath, by run: String) -> StoragePath {
    path.parent / "\(condemnedPrefix)\(run)"
  }

  /// Prefix of the names of condemned files.
  static let condemnedPrefix = "condemned."

  /// All that the repository knows about which manifests say something about which.
  public static func referrers(_ name: RepositoryName) -> StoragePath {
    repository(name) / "_referrers"
  }

  /// The descriptors of the manifests whose `subject` is `subject`, one file each.
  public static func referrers(_ name: RepositoryName, _ subject: Digest) -> StoragePath {
    StoragePath(unchecked: "\(referrers(name).string)/\(subject.pathPair)")
  }

  /// The descriptor of one referrer, as JSON.
  public static func referrer(_ name: RepositoryName, subject: Digest, _ digest: Digest) -> StoragePath {
    referrers(name, subject) / "\(digest.algorithm.rawValue)-\(digest.hex)"
  }
}

extension Digest {
  /// `algorithm/hex`, as links are filed.
  fileprivate var pathPair: String { "\(algorithm.rawValue)/\(hex)" }
}
