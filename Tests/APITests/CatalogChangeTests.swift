import Drivers
import Synchronization
import TestSupport
import Testing

@testable import Core

/// What is kept of which repositories have manifests, while the last one is taken away by another worker.
@Suite(.ownThread) struct CatalogChangeTests {
  /// A way in which a repository loses its last manifest.
  struct Removal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let prepare: @Sendable (Site) async throws -> Void
    /// Through a driver that is not the site's own.
    let run: @Sendable (Site, any StorageDriver) async throws -> Void

    init(
      _ name: String, _ prepare: @escaping @Sendable (Site) async throws -> Void,
      run: @escaping @Sendable (Site, any StorageDriver) async throws -> Void
    ) {
      testDescription = name
      self.prepare = prepare
      self.run = run
    }
  }

  /// A repository with a blob, and somebody who lists the catalog.
  struct Site: Sendable {
    let clock = StagedDriver.Clock()
    let driver = InMemoryDriver()
    let name: RepositoryName
    let reader: Registry
    let content = Array(#"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex.rawValue)","manifests":[]}"#.utf8)
    var digest: Digest { TestContent.digest(content) }
    var revision: StoragePath { StorageLayout.revisionLink(name, digest) }
    /// So that the directory of manifests isn't removed for being empty.
    var other: StoragePath { StorageLayout.manifests(name) / "other" }

    init() async throws {
      name = try #require(RepositoryName("team/app"))
      reader = Registry(driver: driver)
      try await blob([1])
    }

    /// What the reader is told.
    func catalog() async throws(StorageError) -> [String] { try await reader.catalog.names(after: "", limit: 10) }

    /// What is true.
    func truth() async throws -> [String] {
      try await Registry(driver: driver).catalog.names(after: "", limit: 10)
    }

    func blob(_ content: [UInt8]) async throws {
      let digest = TestContent.digest(content)
      try await driver.put(content, at: StorageLayout.blobData(digest), durability: .process)
      try await link(digest, StorageLayout.layerLink(name, digest))
    }

    func manifest() async throws {
      try await driver.put(content, at: StorageLayout.blobData(digest), durability: .process)
      try await link(digest, revision)
    }

    func link(_ digest: Digest, _ path: StoragePath) async throws {
      try await driver.put(Array(digest.description.utf8), at: path, durability: .process)
    }
  }

  static let removals: [Removal] = [
    Removal("a manifest is deleted", { try await $0.manifest() }) { site, driver in
      _ = try await Registry(driver: driver).repository(site.name).manifests.delete(site.digest)
    },
    Removal(
      "a tag is deleted that points to nothing",
      { try await $0.link($0.digest, StorageLayout.tagCurrentLink($0.name, try #require(Tag("one")))) }
    ) { site, driver in
      _ = try await Registry(driver: driver).repository(site.name).tags.remove(try #require(Tag("one")))
    },
    Removal("a manifest is collected", { try await $0.manifest() }) { site, driver in
      site.clock.passDay()
      var options = GarbageCollector.Options()
      options.deletesUntagged = true
      options.grace = .zero
      _ = try await GarbageCollector(driver, options).removeUntagged(from: site.name)
    },
    Removal("the repository is deleted", { try await $0.manifest() }) { site, driver in
      _ = try await RepositoryRemoval(of: Registry(driver: driver).repository(site.name)).run()
    },
    Removal(
      "a link is removed that tells nothing",
      { site in
        try await site.driver.put([1], at: site.revision, durability: .process)
        try await site.driver.put([1], at: site.other, durability: .process)
      }
    ) { site, driver in
      try await verify(driver)
    },
    Removal("a manifest is deleted while a verification moves it", { try await $0.blob(schema1) }) { site, driver in
      let digest = TestContent.digest(schema1)
      let link = StorageLayout.layerLink(site.name, digest)
      let hooked = HookedDriver(driver) { call async throws(StorageError) in
        guard call.name == "stat", call.path == link,
          (try? await site.driver.stat(StorageLayout.revisionLink(site.name, digest))) != nil
        else { return }
        try? await site.driver.delete(link, durability: .process)
        try? await site.driver.put([1], at: site.other, durability: .process)
      }
      try await verify(hooked)
    },
  ]

  private static let schema1 = Array(
    #"{"schemaVersion":1,"name":"team/app","tag":"one","architecture":"amd64","fsLayers":[],"history":[]}"#.utf8)

  private static func verify(_ driver: any StorageDriver) async throws {
    var options = Verifier.Options()
    options.repair = true
    options.settling = (age: .zero, pause: .zero)
    _ = try await Verifier(driver: driver, options: options).run { _ in }
  }

  @Test(arguments: removals)
  func `a repository leaves the catalog with its last manifest, whenever another worker has looked`(
    removal: Removal
  ) async throws {
    let site = try await Site()
    try await removal.prepare(site)
    #expect(try await site.catalog() == [site.name.description])
    let driver = StagedDriver(site.driver, site.clock) { _ async throws(StorageError) in _ = try await site.catalog() }
    try await removal.run(site, driver)
    #expect(try await site.truth() == [])
    #expect(try await site.catalog() == [])
  }

  @Test(arguments: removals)
  func `a removal that dies on its way leaves nothing in the catalog that isn't there`(
    removal: Removal
  ) async throws {
    var steps = 0
    while true {
      let site = try await Site()
      try await removal.prepare(site)
      #expect(try await site.catalog() == [site.name.description])
      let left = Atomic<Int>(steps)
      let driver = StagedDriver(site.driver, site.clock) { call async throws(StorageError) in
        guard call.isMutation, left.subtract(1, ordering: .relaxed).oldValue <= 0 else { return }
        throw StorageError(.failed, "dead")
      }
      try? await removal.run(site, driver)
      #expect(try await site.catalog() == site.truth(), "after \(steps) steps")
      if left.load(ordering: .relaxed) >= 0 { break }
      steps += 1
    }
    #expect(steps > 1)
  }

  @Test func `what was told without proof is not kept`() async throws {
    let site = try await Site()
    // As docker/distribution leaves directories of what it has deleted: more than anybody looks at.
    let tags = StorageLayout.tags(site.name)
    for number in 0..<200 {
      try await site.driver.put([1], at: tags / "tag\(number)" / "index", durability: .process)
    }
    #expect(try await site.catalog() == [site.name.description])
    for number in 0..<200 {
      try await site.driver.delete(tags / "tag\(number)" / "index", durability: .process)
      try await site.driver.prune(tags / "tag\(number)", below: tags)
    }
    #expect(try await site.catalog() == [])
  }
}
