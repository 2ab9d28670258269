import Core
import Drivers
import HTTPTypes
import Logging
import RedisCache
import TestSupport
import Testing

/// Blobs that caches remember, and that something other than the registry has removed: no 201 rests on memory alone,
/// and what was found wrong is forgotten by every worker.
@Suite(.ownThread) struct VanishedBlobTests {
  enum Memory: CaseIterable { case inProcess, redis }
  enum Storage: CaseIterable { case disk, objects }

  /// Two workers that share a cache, over one storage.
  private struct Workers {
    let driver: any StorageDriver
    let one: Repo
    let other: Repo
    private let kept: [any Sendable]

    init(_ memory: Memory, _ storage: Storage) throws {
      var kept: [any Sendable] = []
      switch storage {
      case .disk:
        let folder = try TemporaryFolder()
        driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 25, accelPrefix: nil)
        kept.append(folder)
      case .objects: driver = HookedDriver(ObjectStoreDriver(), concurrency: 8) { _ in }
      }
      let caches: [any BlobDescriptorCache]
      switch memory {
      case .inProcess:
        let generation = CacheGeneration.ofThisProcess()
        caches = (0..<2).map { _ in
          InProcessDescriptorCache(capacity: 1000, domain: "host-1", generation: generation)
        }
      case .redis:
        let server = try RedisServer()
        kept.append(server)
        var redis = Configuration.Redis()
        redis.addresses = [server.address]
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        caches = try (0..<2).map { _ in RedisDescriptorCache(try RedisClient(redis, logger: logger)) }
      }
      self.kept = kept
      one = Repo(Self.site(driver, caches[0]))
      other = Repo(Self.site(driver, caches[1]), sameAs: one)
    }

    private static func site(_ driver: any StorageDriver, _ cache: any BlobDescriptorCache) -> Deployment.Site {
      let registry = Registry(driver: driver, caching: RegistryCaching(cache, grace: .seconds(86400)))
      let context = APIContext(
        registry: registry, configuration: DeploymentOptions().configuration,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      return Deployment.Site(
        client: InProcessClient(RequestPipeline.handler(context)), driver: driver, rootDirectory: nil)
    }

    var name: RepositoryName { get throws { try #require(RepositoryName(one.name)) } }
  }

  private let contents = ["config", "layer 1", "layer 2"]
  private static func digest(_ content: String) -> Digest { Repo.digest(Array(content.utf8)) }

  private var image: String {
    let descriptors = contents.map {
      Repo.descriptor(Array($0.utf8), Self.digest($0), "application/octet-stream")
    }
    return """
      {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest.rawValue)","config":\(descriptors[0]),\
      "layers":[\(descriptors[1]),\(descriptors[2])]}
      """
  }

  private func head(_ repo: Repo, _ content: String) async throws -> Int {
    try await repo.site.client.send(.head, "/v2/\(repo.name)/blobs/\(Self.digest(content))").status
  }

  /// As clients do: sends what HEAD doesn't know, then the manifest.
  private func push(_ repo: Repo) async throws -> TestResponse {
    for content in contents where try await head(repo, content) != 200 {
      let sent = try await repo.site.client.send(
        .post, "/v2/\(repo.name)/blobs/uploads/?digest=\(Self.digest(content))", body: Array(content.utf8))
      #expect(sent.status == 201, "\(sent.text)")
    }
    return try await repo.put(image, at: "latest")
  }

  /// Until both workers answer from what they remember.
  private func remember(_ workers: Workers) async throws {
    #expect(try await push(workers.one).status == 201)
    for content in contents {
      for worker in [workers.one, workers.other] { #expect(try await head(worker, content) == 200) }
    }
  }

  /// What somebody removes behind the registry's back, and the blobs that are missing then.
  enum Removal: CaseIterable {
    case repository, layers, link, content

    fileprivate func path(_ name: RepositoryName) -> StoragePath {
      let layer = VanishedBlobTests.digest("layer 1")
      return switch self {
      case .repository: StorageLayout.repository(name)
      case .layers: StorageLayout.layers(name)
      case .link: StorageLayout.layerLink(name, layer)
      case .content: StorageLayout.blobData(layer)
      }
    }

    fileprivate var isOfOne: Bool { self == .link || self == .content }
  }

  @Test(
    arguments: Removal.allCases,
    [(Memory.inProcess, Storage.disk), (.inProcess, .objects), (.redis, .disk), (.redis, .objects)])
  func `a manifest is not accepted without its blobs, and the next push sends them`(
    removal: Removal, place: (memory: Memory, storage: Storage)
  ) async throws {
    let workers = try Workers(place.memory, place.storage)
    try await remember(workers)
    try await workers.driver.delete(removal.path(try workers.name), durability: .process)
    if place.storage == .disk {
      #expect(try await head(workers.one, "layer 1") == 404)
      #expect(try await head(workers.other, "layer 1") == 404)
    }
    let refused = try await workers.one.put(image, at: "latest")
    #expect(refused.status == 400)
    let gone = removal.isOfOne ? ["layer 1"] : contents
    #expect(refused.codes == gone.map { _ in "MANIFEST_BLOB_UNKNOWN" })
    for content in contents {
      for worker in [workers.one, workers.other] {
        #expect(try await head(worker, content) == (gone.contains(content) ? 404 : 200), "\(content)")
      }
    }
    #expect(try await push(workers.other).status == 201)
    for content in contents {
      let blob = try await workers.one.site.client.send(
        .get, "/v2/\(workers.one.name)/blobs/\(Self.digest(content))")
      #expect(blob.text == content)
    }
    #expect(try await workers.one.get("latest").text == image)
  }

  @Test(arguments: Memory.allCases, Storage.allCases)
  func `what is gone is not mounted`(memory: Memory, storage: Storage) async throws {
    for removal in Removal.allCases {
      for source in ["&from=", ""] {
        // Without a source, what the registry holds is mounted, whoever has it.
        if source.isEmpty, removal != .content { continue }
        let workers = try Workers(memory, storage)
        try await remember(workers)
        let from = source.isEmpty ? "" : source + workers.one.name
        let query = "?mount=\(Self.digest("layer 1"))\(from)"
        let first = try await workers.one.site.client.send(.post, "/v2/mounted/first/blobs/uploads/\(query)")
        #expect(first.status == 201)
        try await workers.driver.delete(removal.path(try workers.name), durability: .process)
        let second = try await workers.other.site.client.send(.post, "/v2/mounted/second/blobs/uploads/\(query)")
        #expect(second.status == 202, "\(removal)")
        // Of a repository that it wasn't asked about, this worker's memory alone says nothing.
        if source.isEmpty, memory == .inProcess, storage == .objects { continue }
        #expect(try await head(workers.one, "layer 1") == 404)
      }
    }
  }

  @Test(arguments: Memory.allCases, Storage.allCases)
  func `an index is not accepted without the layers that it names`(memory: Memory, storage: Storage) async throws {
    let workers = try Workers(memory, storage)
    try await remember(workers)
    // A build cache.
    let layers = contents.map { Repo.descriptor(Array($0.utf8), Self.digest($0), "application/octet-stream") }
    let index = """
      {"schemaVersion":2,"mediaType":"\(MediaType.ociIndex.rawValue)","manifests":[\(layers.joined(separator: ","))]}
      """
    #expect(try await workers.one.put(index, at: "cache").status == 201)
    try await workers.driver.delete(StorageLayout.layers(try workers.name), durability: .process)
    let refused = try await workers.other.put(index, at: "cache")
    #expect(refused.codes == contents.map { _ in "MANIFEST_BLOB_UNKNOWN" })
  }
}
