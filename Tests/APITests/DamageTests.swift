import Drivers
import HTTPTypes
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Core

/// What older registries and broken disks left torn: counts as absent, is told of once, and is mended by the next push.
@Suite(.ownThread) struct DamageTests {
  private let driver = InMemoryDriver()
  private let log = CollectedLog()
  private let repo: Repo

  init() {
    let options = DeploymentOptions()
    let log = log
    let logger = Logger(label: "test") { _ in log.handler }
    let context = APIContext(
      registry: Registry(driver: driver, damage: DamageLog(logger)), configuration: options.configuration,
      logger: logger)
    repo = Repo(
      Deployment.Site(client: InProcessClient(RequestPipeline.handler(context)), driver: driver, rootDirectory: nil))
  }

  /// What can be torn, and how.
  enum Damage: CaseIterable {
    case layerLinkEmpty, layerLinkTorn, revisionLink, revisionLinkOfAnother, tagCurrent, tagIndex, layerEmpty
    case manifestEmpty, manifestTorn, manifestOfSameSize

    /// Whether pulling by tag fails.
    var hidesManifest: Bool {
      switch self {
      case .layerLinkEmpty, .layerLinkTorn, .tagIndex, .layerEmpty: false
      default: true
      }
    }
  }

  @Test(arguments: Damage.allCases)
  func `it counts as absent, is told of once, and is mended by the next push`(damage: Damage) async throws {
    let name = try #require(RepositoryName(repo.name))
    let tag = try #require(Tag("latest"))
    let image = try await repo.image()
    try await repo.put(image, at: "latest")
    let digest = Repo.digest(Array(image.utf8))
    let layer = Repo.digest(Array("layer a".utf8))
    let (path, content): (StoragePath, [UInt8]) =
      switch damage {
      case .layerLinkEmpty: (StorageLayout.layerLink(name, layer), [])
      case .layerLinkTorn: (StorageLayout.layerLink(name, layer), Array("sha256:0123".utf8))
      case .revisionLink: (StorageLayout.revisionLink(name, digest), [])
      case .revisionLinkOfAnother: (StorageLayout.revisionLink(name, digest), Array(layer.description.utf8))
      case .tagCurrent: (StorageLayout.tagCurrentLink(name, tag), Array("sha256:".utf8))
      case .tagIndex: (StorageLayout.tagIndexLink(name, tag, digest), [])
      case .layerEmpty: (StorageLayout.blobData(layer), [])
      case .manifestEmpty: (StorageLayout.blobData(digest), [])
      case .manifestTorn: (StorageLayout.blobData(digest), Array(image.utf8.prefix(100)))
      case .manifestOfSameSize:
        (
          StorageLayout.blobData(digest),
          Array(image.utf8.prefix(100)) + .init(repeating: 0, count: image.utf8.count - 100)
        )
      }
    try await driver.put(content, at: path, durability: .process)
    for _ in 0..<3 {
      let manifest = try await repo.get("latest")
      #expect(manifest.status == (damage.hidesManifest ? 404 : 200))
      #expect(try await repo.head("latest").status == manifest.status)
      let blob = try await repo.site.client.send(.get, "/v2/\(repo.name)/blobs/\(layer)")
      #expect(blob.status == (path.string.contains(layer.hex) ? 404 : 200))
    }
    // An index of a tag is history: nobody reads it but who writes it.
    let lines = log.lines.filter { $0.contains(path.string) }
    #expect(lines.count == (damage == .tagIndex ? 0 : 1), "\(log.lines)")
    #expect(lines.allSatisfy { $0.contains("berth verify --repair") })

    // A client pushes what it finds missing.
    if try await repo.site.client.send(.head, "/v2/\(repo.name)/blobs/\(layer)").status == 404 {
      let blobs = "/v2/\(repo.name)/blobs/uploads/?digest=\(layer)"
      let pushed = try await repo.site.client.send(
        .post, blobs, [.contentType: "application/octet-stream"], body: Array("layer a".utf8))
      #expect(pushed.status == 201, "\(pushed.text)")
    }
    #expect(try await repo.put(image, at: "latest").status == 201)
    #expect(try await repo.get("latest").text == image)
    #expect(try await repo.site.client.send(.get, "/v2/\(repo.name)/blobs/\(layer)").text == "layer a")
    let mended = try await driver.content(at: path, limit: 1000)
    #expect(mended != content)
    #expect(log.lines.count(where: { $0.contains(path.string) }) <= 1)
  }

  @Test func `a directory that can't be read is reported with what an operator can do`() async throws {
    let driver = HookedDriver(driver) { call throws(StorageError) in
      if call.name == "list", call.path.lastComponent == "closed" { throw StorageError(.denied, "list \(call.path)") }
    }
    try await driver.put([1], at: StorageLayout.repositories / "closed" / "_layers" / "x", durability: .process)
    let registry = Registry(driver: driver, damage: DamageLog(Logger(label: "test") { [log] _ in log.handler }))
    #expect(try await registry.catalog.names(after: "", limit: 10) == [])
    #expect(log.lines.count == 1)
    let line = try #require(log.lines.first)
    #expect(line.contains("/closed") && line.contains("permissions"))
    #expect(!line.contains("push") && !line.contains("--repair"))
  }

  @Test func `however much is damaged, the log is not flooded`() async throws {
    let damage = DamageLog(Logger(label: "test") { [log] _ in log.handler })
    let registry = Registry(driver: driver, damage: damage)
    let name = try #require(RepositoryName(repo.name))
    for seed in 0..<1100 {
      let digest = TestContent.digest(TestContent.bytes(8, seed: seed) + [UInt8(seed / 256)])
      try await driver.put([], at: StorageLayout.layerLink(name, digest), durability: .process)
      #expect(try await registry.repository(name).blobs.resolve(digest) == nil)
    }
    #expect((1000...1001).contains(log.lines.count))
    #expect(log.lines.last?.contains("more files are damaged") == true)
  }
}

/// The lines of a log.
private final class CollectedLog: Sendable {
  private let collected = Mutex<[String]>([])
  var lines: [String] { collected.withLock { $0 } }
  var handler: any LogHandler { Handler(log: self) }

  private struct Handler: LogHandler {
    let log: CollectedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      log.collected.withLock { $0.append("\(event.message)") }
    }
  }
}
