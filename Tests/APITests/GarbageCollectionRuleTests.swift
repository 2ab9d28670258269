import Core
import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// What leads to what, and what is kept because something can't be read.
@Suite(.ownThread) struct GarbageCollectionRuleTests {
  private func path(_ text: String) throws -> StoragePath { try #require(StoragePath(text)) }

  private func revision(_ repo: Repo, _ digest: Digest) throws -> StoragePath {
    StorageLayout.revisionLink(try #require(RepositoryName(repo.name)), digest)
  }

  @Test func `untagged manifests go, but not those that a tagged index leads to, however deep`() async throws {
    try await CollectionSite.withEach { site in
      let child = try await site.repo.putImage("child")
      let inner = Repo.index([Repo.descriptor(child)])
      #expect(try await site.repo.put(inner, at: inner.digest.description).status == 201)
      #expect(try await site.repo.put(Repo.index([Repo.descriptor(inner, .ociIndex)]), at: "outer").status == 201)
      let alone = try await site.repo.putImage("alone")
      let untagged = Repo.index([Repo.descriptor(alone)])
      #expect(try await site.repo.put(untagged, at: untagged.digest.description).status == 201)
      site.clock.passDay()
      #expect(try await site.collect().manifests.removed == 0)
      let report = try await site.collect(deleteUntagged: true)
      #expect(report.problems == [])
      #expect(report.manifests.removed == 2 && report.manifests.kept == 3)
      #expect(try await site.isWhole("outer"))
      #expect(try await !site.has(alone.digest))
      #expect(try await !site.has("layer alone".digest))
    }
  }

  @Test func `a signature goes with its image and stays with it, and so does what is signed again`() async throws {
    try await CollectionSite.withEach { site in
      var chains: [[String]] = []
      for seed in ["kept", "gone"] {
        let image = try await site.repo.putImage(seed)
        if seed == "kept" { #expect(try await site.repo.put(image, at: "latest").status == 201) }
        let signature = try await site.repo.putImage("s1 \(seed)", more: #","subject":\#(Repo.descriptor(image))"#)
        let second = try await site.repo.putImage("s2 \(seed)", more: #","subject":\#(Repo.descriptor(signature))"#)
        chains.append([image, signature, second])
      }
      site.clock.passDay()
      let report = try await site.collect(deleteUntagged: true)
      #expect(report.problems == [])
      #expect(report.manifests.removed == 3 && report.manifests.kept == 3)
      for manifest in chains[0] { #expect(try await site.isWhole(manifest.digest.description)) }
      for manifest in chains[1] { #expect(try await site.repo.get(manifest.digest.description).status == 404) }
      let kept = try await site.site.client.send(.get, "/v2/\(site.repo.name)/referrers/\(chains[0][0].digest)")
      #expect(kept.text.contains(chains[0][1].digest.description))
      #expect(try await !site.files().keys.contains { $0.contains(chains[1][0].digest.hex) })
    }
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `each untagged manifest that is removed is told of when it is`(storage: CollectionSite.Storage) async throws {
    let site = CollectionSite(storage)
    // Generations: an index is removed before its children.
    let children = try await [site.repo.putImage("a"), site.repo.putImage("b"), site.repo.putImage("c")]
    let index = Repo.index(children.map { Repo.descriptor($0) })
    #expect(try await site.repo.put(index, at: index.digest.description).status == 201)
    try await site.repo.push("kept", seed: "d")
    site.clock.passDay()
    let told = Mutex<[CollectionProgress]>([])
    let observer = CollectionObserver(progressed: { progress in
      if progress.phase == .marking { told.withLock { $0.append(progress) } }
    })
    let report = try await site.collect(deleteUntagged: true, observer)
    #expect(report.manifests.removed == 4)
    // Five that are looked at, and then four that are removed.
    let seen = told.withLock { $0 }
    #expect(seen.map(\.items) == Array(1...9))
    #expect(seen.map(\.removed) == [0, 0, 0, 0, 0, 1, 2, 3, 4])
  }

  @Test func `young untagged manifests stay, with what they lead to`() async throws {
    let site = CollectionSite()
    let child = try await site.repo.putImage("child")
    site.clock.passDay()
    let index = Repo.index([Repo.descriptor(child)])
    #expect(try await site.repo.put(index, at: index.digest.description).status == 201)
    #expect(try await site.collect(deleteUntagged: true).manifests.removed == 0)
    #expect(try await site.isWhole(index.digest.description))
    site.clock.passDay()
    #expect(try await site.collect(deleteUntagged: true).manifests.removed == 2)
  }

  @Test func `content under its SHA-256 stays for a manifest that names its SHA-512`() async throws {
    let site = CollectionSite()
    let content = Array("layer".utf8)
    let other = ContentHasher.digest(.sha512, of: content)
    let name = try #require(RepositoryName(site.repo.name))
    let config = try await site.repo.blob("config")
    try await site.base.put(content, at: StorageLayout.blobData("layer".digest), durability: .process)
    try await site.base.put(
      Array("layer".digest.description.utf8), at: StorageLayout.layerLink(name, other), durability: .process)
    let layer = Repo.descriptor(content, other, "application/octet-stream")
    let image =
      #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest.rawValue)","config":\#(config),"layers":[\#(layer)]}"#
    #expect(try await site.repo.put(image, at: "latest").status == 201)
    site.clock.passDay()
    let report = try await site.collect(deleteUntagged: true)
    #expect(report.problems == [] && report.blobs.removed == 0 && report.links.removed == 0)
    #expect(try await site.isWhole("latest"))
  }

  /// What is damaged, and what is then in the report.
  enum Damage: String, CaseIterable {
    case emptyLink, tornLink, emptyManifest, tornManifest, otherManifest, missingManifest, unreadableManifest
    case unreadableLink
  }

  @Test(arguments: Damage.allCases, [false, true])
  func `what can't be read stops nothing, is reported, and keeps what it might refer to`(
    damage: Damage, deleteUntagged: Bool
  ) async throws {
    let site = CollectionSite()
    let digest = try await site.repo.push("latest", seed: "damaged")
    let elsewhere = Repo(site.site, "test/elsewhere")
    try await elsewhere.push("latest", seed: "sound")
    _ = try await elsewhere.blob("garbage")
    let link = try revision(site.repo, digest)
    let data = StorageLayout.blobData(digest)
    switch damage {
    case .emptyLink: try await site.base.put([], at: link, durability: .process)
    case .tornLink: try await site.base.put(Array("sha256:12".utf8), at: link, durability: .process)
    case .emptyManifest: try await site.base.put([], at: data, durability: .process)
    case .tornManifest: try await site.base.put(Array("{\"schemaV".utf8), at: data, durability: .process)
    case .otherManifest: try await site.base.put(Array("{\"layers\":[]}".utf8), at: data, durability: .process)
    case .missingManifest: try await site.base.delete(data, durability: .process)
    case .unreadableManifest, .unreadableLink: break
    }
    site.clock.passDay()
    let unreadable = damage == .unreadableManifest ? data : damage == .unreadableLink ? link : nil
    let report = try await site.collect(deleteUntagged: deleteUntagged) { call throws(StorageError) in
      if call.path == unreadable, call.name == "content" { throw StorageError(.failed, "read", cause: "I/O error") }
    }
    #expect(report.problemCount > 0)
    #expect(report.text.contains(digest.hex))
    #expect(try await site.has("layer damaged".digest))
    #expect(try await site.has("config damaged".digest))
    #expect(try await !site.has("garbage".digest))
    #expect(try await site.isWhole("latest", in: elsewhere))
  }

  @Test(arguments: ["repositories", "sha256", "tags"])
  func `where a directory can't be listed, no content goes`(name: String) async throws {
    let site = CollectionSite()
    try await site.repo.push("latest", seed: "wanted")
    let untagged = try await site.repo.putImage("untagged")
    _ = try await site.repo.blob("garbage")
    site.clock.passDay()
    for deleteUntagged in [false, true] {
      let report = try await site.collect(deleteUntagged: deleteUntagged) { call throws(StorageError) in
        if call.name == "list", call.path.lastComponent == name, !call.path.string.contains("/blobs/") {
          throw StorageError(.denied, "list", cause: "Permission denied")
        }
      }
      #expect(report.problemCount > 0, "\(report)")
      #expect(report.blobs.removed == 0)
      #expect(try await site.has("garbage".digest))
      if name != "sha256" { #expect(try await site.has(untagged.digest)) }
    }
    #expect(try await site.collect(deleteUntagged: true).blobs.removed == 4)
  }

  @Test func `a store without repositories is not taken for one whose content is all garbage`() async throws {
    let site = CollectionSite()
    _ = try await site.repo.blob("content")
    try await site.base.delete(StorageLayout.repositories, durability: .process)
    site.clock.passDay()
    let report = try await site.collect()
    #expect(report.problemCount == 1 && report.blobs.removed == 0)
    #expect(try await site.has("content".digest))
  }

  @Test(arguments: ["", "sha256:"])
  func `where a tag can't be read, no untagged manifest of its repository goes`(link: String) async throws {
    let site = CollectionSite()
    try await site.repo.push("latest", seed: "a")
    let untagged = try await site.repo.putImage("untagged")
    let other = Repo(site.site, "test/other")
    let removed = try await other.putImage("removed")
    let name = try #require(RepositoryName(site.repo.name))
    let tag = try #require(Tag("latest"))
    try await site.base.put(Array(link.utf8), at: StorageLayout.tagCurrentLink(name, tag), durability: .process)
    site.clock.passDay()
    let report = try await site.collect(deleteUntagged: true)
    #expect(report.problemCount == 1 && report.manifests.removed == 1)
    #expect(try await site.isWhole(untagged.digest.description))
    #expect(try await !site.has(removed.digest))
  }

  @Test func `an index of layers, as build caches are, is no problem`() async throws {
    let site = CollectionSite()
    let layer = try await site.repo.blob("cache")
    #expect(try await site.repo.put(Repo.index([layer]), at: "cache").status == 201)
    site.clock.passDay()
    for deleteUntagged in [false, true] {
      let report = try await site.collect(deleteUntagged: deleteUntagged)
      #expect(report.problems == [] && report.blobs.removed == 0)
    }
  }

  @Test func `a collection ends between two items, and the next one does the rest`() async throws {
    try await CollectionSite.withEach { site in
      try await site.repo.push("latest", seed: "wanted")
      for number in 0..<50 { _ = try await site.repo.blob("garbage \(number)") }
      site.clock.passDay()
      var removed = 0
      let report = try await site.collect(
        CollectionObserver(removing: { _ in removed += 1 }, isStopping: { removed >= 7 }))
      // Over an object store several are removed side by side.
      let removedFirst = report.blobs.removed
      #expect(report.isInterrupted && removedFirst >= 7)
      #expect(site.base.removalTiming == nil ? removedFirst == 7 : removedFirst < 50)
      #expect(report.text.contains("interrupted"))
      #expect(try await site.files().keys.allSatisfy { !$0.contains("condemned") && !$0.contains(".run") })
      let rest = try await site.collect()
      #expect(!rest.isInterrupted && rest.blobs.removed == 50 - removedFirst && rest.links.removed == 50)
      #expect(try await site.isWhole("latest"))
    }
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `a collection that dies at any call loses nothing, and the next one finds all garbage`(
    storage: CollectionSite.Storage
  ) async throws {
    // What the dead have announced is over.
    var timing = RemovalTiming.brief
    timing.expiry = .seconds(-1)
    for deleteUntagged in [false, true] {
      var lives = 0
      while true {
        let site = CollectionSite(storage, timing)
        let image = try await site.repo.push("latest", seed: "wanted")
        let signature = try await site.repo.putImage(
          "signature", more: #","subject":\#(Repo.descriptor(try await site.repo.imageText("wanted")))"#)
        _ = image
        let untagged = try await site.repo.putImage("untagged")
        _ = try await site.repo.blob("garbage")
        site.clock.passDay()
        let death = Death(after: lives)
        _ = try? await site.collect(deleteUntagged: deleteUntagged) { call throws(StorageError) in
          try death.call(call)
        }
        // Whatever lies aside is found by those who ask for it.
        if lives % 2 == 0 {
          #expect(try await site.isWhole("latest"), "died after \(lives) changes")
          #expect(try await site.isWhole(signature.digest.description), "died after \(lives) changes")
          #expect(try await site.pushAsClientsDo("pushed", tag: "pushed") == 0, "died after \(lives) changes")
        }
        let report = try await site.collect(deleteUntagged: deleteUntagged)
        #expect(report.problems == [], "died after \(lives) changes")
        let (isWhole, isSigned) = try await (
          site.isWhole("latest"), site.isWhole(signature.digest.description)
        )
        #expect(isWhole && isSigned, "died after \(lives) changes")
        let files = try await site.files().keys
        #expect(
          files.allSatisfy { !$0.contains("condemned") && !$0.contains(".run") && !$0.contains("/removals/") },
          "\(lives): \(files)")
        let garbage = try await site.has("garbage".digest)
        #expect(!garbage, "died after \(lives) changes")
        if deleteUntagged {
          let isThere = try await site.has(untagged.digest)
          #expect(!isThere, "died after \(lives) changes")
        }
        if !death.happened { break }
        lives += 1
      }
      #expect(lives > 5)
    }
  }
}

/// The storage is gone for a process after so many changes.
private final class Death: Sendable {
  private let left: Atomic<Int>
  private let isDead = Atomic<Bool>(false)

  init(after changes: Int) {
    left = Atomic(changes)
  }

  var happened: Bool { isDead.load(ordering: .relaxed) }

  func call(_ call: StagedDriver.Call) throws(StorageError) {
    if !happened, call.isMutation, left.subtract(1, ordering: .relaxed).oldValue <= 0 {
      isDead.store(true, ordering: .relaxed)
    }
    if happened { throw StorageError(.failed, "\(call)", cause: "the process is dead") }
  }
}
