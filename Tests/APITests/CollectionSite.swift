import Core
import Drivers
import HTTPTypes
import TestSupport
import Testing

/// A registry, and garbage collections over its storage.
struct CollectionSite {
  /// The storage, in which time passes as the test says.
  let clock = StagedDriver.Clock()
  let base: any StorageDriver
  let site: Deployment.Site
  let repo: Repo

  init(_ base: any StorageDriver = InMemoryDriver(), _ options: DeploymentOptions = DeploymentOptions()) {
    self.base = base
    let driver = StagedDriver(base, clock)
    site = Deployment.Site(over: driver, options)
    repo = Repo(site)
  }

  /// Where it is collected.
  enum Storage: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory, objects

    var testDescription: String { rawValue }

    /// An empty one.
    func driver(_ timing: RemovalTiming = .brief) -> any StorageDriver {
      switch self {
      case .memory: InMemoryDriver()
      // The stage tells times as object stores do.
      case .objects: ObjectStoreDriver(timing, resolution: 1)
      }
    }
  }

  init(_ storage: Storage, _ timing: RemovalTiming = .brief) {
    self.init(storage.driver(timing))
  }

  /// Runs a test's body in memory, over an object store, and over a file system.
  static func withEach(_ body: (CollectionSite) async throws -> Void) async throws {
    for storage in Storage.allCases { try await body(CollectionSite(storage)) }
    let folder = try TemporaryFolder()
    try await body(CollectionSite(FilesystemDriver(rootDirectory: folder.path, maxThreads: 100, accelPrefix: nil)))
    withExtendedLifetime(folder) {}
  }

  /// Collects, after an hour of grace unless told otherwise.
  @discardableResult
  func collect(
    dryRun: Bool = false, deleteUntagged: Bool = false, grace: Duration = .seconds(3600),
    _ observer: CollectionObserver = CollectionObserver(), before hook: StagedDriver.Hook? = nil
  ) async throws -> CollectionReport {
    var options = GarbageCollector.Options()
    options.isDryRun = dryRun
    options.deletesUntagged = deleteUntagged
    options.grace = grace
    return try await GarbageCollector(StagedDriver(base, clock, before: hook), options).run(observer)
  }

  /// Every file, with its size, but those that tell of announcements that are over.
  func files() async throws -> [String: Int64] {
    var files: [String: Int64] = [:]
    for (path, entry) in try await base.tree() where !entry.isDirectory && !path.contains("/removals.") {
      files[path] = entry.size
    }
    return files
  }

  /// Whether a content is in the store.
  func has(_ digest: Digest) async throws -> Bool {
    try await BlobStore(driver: base).size(of: digest) != nil
  }

  /// Whether an image and all that it refers to can be pulled.
  func isWhole(_ reference: String, in repo: Repo? = nil) async throws -> Bool {
    let repo = repo ?? self.repo
    let answer = try await repo.get(reference)
    guard answer.status == 200 else { return false }
    let manifest = try Manifest(answer.body, contentType: nil)
    for blob in manifest.layers + [manifest.config].compactMap({ $0 }) {
      let pulled = try await site.client.send(.get, "/v2/\(repo.name)/blobs/\(blob.digest)")
      guard pulled.status == 200, ContentHasher.digest(blob.digest.algorithm, of: pulled.body) == blob.digest else {
        return false
      }
    }
    for child in manifest.manifests {
      guard try await isWhole(child.digest.description, in: repo) else { return false }
    }
    return true
  }
}

extension Repo {
  /// The descriptor of a manifest's text.
  static func descriptor(_ manifest: String, _ type: MediaType = .ociManifest) -> String {
    let bytes = Array(manifest.utf8)
    return descriptor(bytes, digest(bytes), type.rawValue)
  }

  static func index(_ children: [String], more: String = "") -> String {
    let type = MediaType.ociIndex.rawValue
    return
      #"{"schemaVersion":2,"mediaType":"\#(type)","manifests":[\#(children.joined(separator: ","))]\#(more)}"#
  }

  /// Puts an image without a tag. Returns its text.
  func putImage(_ seed: String, more: String = "") async throws -> String {
    let image = try await image(seed, more: more)
    #expect(try await put(image, at: Repo.digest(Array(image.utf8)).description).status == 201)
    return image
  }
}

extension String {
  /// The digest of the text.
  var digest: Digest { Repo.digest(Array(utf8)) }
}

extension CollectionSite {
  /// Pushes an image: asks for each blob, pushes what isn't there, then puts the manifest; and again where that is
  /// refused for want of a blob, which is what people do.
  /// - Returns: how often it was refused.
  func pushAsClientsDo(_ seed: String, tag: String) async throws -> Int {
    for refused in 0..<3 {
      for content in ["config \(seed)", "layer \(seed)"] {
        let target = "/v2/\(repo.name)/blobs/"
        if try await site.client.send(.head, target + content.digest.description).status == 200 { continue }
        let pushed = try await site.client.send(
          .post, target + "uploads/?digest=\(content.digest)", body: Array(content.utf8))
        #expect(pushed.status == 201)
      }
      if try await repo.put(repo.imageText(seed), at: tag).status == 201 { return refused }
    }
    return 3
  }
}

extension Repo {
  /// The text of the image that `image(_:)` makes, without making it.
  func imageText(_ seed: String, more: String = "") async throws -> String {
    try await Repo(CollectionSite().site).image(seed, more: more)
  }
}
