import Drivers
import HTTPTypes
import TestSupport
import Testing

@testable import Core

/// A repository with two images, one of them under two tags, and something that is said about one; and ways to
/// damage it.
struct DamagedStore {
  let site: Deployment.Site
  let name: RepositoryName
  let first = Image(seed: "first")
  let second = Image(seed: "second")
  let referrer: Image

  struct Image {
    let config: [UInt8]
    let layer: [UInt8]
    let manifest: [UInt8]
    var digest: Digest { TestContent.digest(manifest) }
    var layerDigest: Digest { TestContent.digest(layer) }

    init(seed: String, subject: Image? = nil) {
      config = Array(#"{"seed":"\#(seed)"}"#.utf8)
      layer = TestContent.bytes(10_000, seed: seed.utf8.count) + Array(seed.utf8)
      func descriptor(_ content: [UInt8], _ type: String) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(TestContent.digest(content))","size":\#(content.count)}"#
      }
      let about = subject.map { #","subject":\#(descriptor($0.manifest, MediaType.ociManifest.rawValue))"# } ?? ""
      manifest = Array(
        """
        {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest.rawValue)",\
        "config":\(descriptor(config, "application/vnd.oci.image.config.v1+json")),\
        "layers":[\(descriptor(layer, "application/vnd.oci.image.layer.v1.tar"))]\(about)}
        """.utf8)
    }
  }

  init(_ site: Deployment.Site) async throws {
    self.site = site
    name = try #require(RepositoryName("library/app"))
    referrer = Image(seed: "referrer", subject: first)
    try await push()
  }

  /// As a client does: what is there already it does not send.
  func push() async throws {
    for image in [first, second, referrer] {
      for content in [image.config, image.layer] {
        let digest = TestContent.digest(content)
        guard try await site.client.send(.head, "/v2/\(name)/blobs/\(digest)").status == 404 else { continue }
        let answer = try await site.client.send(
          .post, "/v2/\(name)/blobs/uploads/?digest=\(digest)", [.contentType: "application/octet-stream"],
          body: content)
        #expect(answer.status == 201, "\(answer.text)")
      }
    }
    for (image, reference) in [
      (first, "one"), (first, "moved"), (second, "moved"), (referrer, referrer.digest.description),
    ] {
      let answer = try await site.client.send(
        .put, "/v2/\(name)/manifests/\(reference)", [.contentType: MediaType.ociManifest.rawValue],
        body: image.manifest)
      #expect(answer.status == 201, "\(answer.text)")
    }
  }

  /// Pulls everything, and compares each byte.
  func pull() async throws {
    for (image, reference) in [(first, "one"), (second, "moved"), (referrer, referrer.digest.description)] {
      #expect(try await site.client.send(.get, "/v2/\(name)/manifests/\(reference)").body == image.manifest)
      for content in [image.config, image.layer] {
        let answer = try await site.client.send(.get, "/v2/\(name)/blobs/\(TestContent.digest(content))")
        #expect(answer.status == 200)
        #expect(answer.body == content)
      }
    }
    let referrers = try await site.client.send(.get, "/v2/\(name)/referrers/\(first.digest)")
    #expect(referrers.text.contains(referrer.digest.description))
  }

  /// What `berth verify` finds.
  func verify(
    repair: Bool, _ change: (inout Verifier.Options) -> Void = { _ in }
  ) async throws -> (findings: [Finding], tally: VerificationTally) {
    var options = Verifier.Options()
    options.repair = repair
    options.uploadAge = .zero
    options.settling = (age: .zero, pause: .zero)
    change(&options)
    let log = VerificationLog()
    let tally = try await Verifier(driver: site.driver, options: options).run { log.note($0) }
    return (log.findings, try #require(tally))
  }
}

/// One way in which a store is damaged, and what is to come of it.
struct Damage: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The kinds that a run without repair finds.
  let found: Set<Finding.Kind>
  /// The kinds that are left after a repair.
  let left: Set<Finding.Kind>
  /// The kinds that are left once the images have been pushed again.
  let forPeople: Set<Finding.Kind>
  let inflict: @Sendable (DamagedStore) async throws -> Void

  init(
    _ description: String, finds found: Set<Finding.Kind>, leaves left: Set<Finding.Kind> = [],
    forPeople: Set<Finding.Kind> = [], _ inflict: @escaping @Sendable (DamagedStore) async throws -> Void
  ) {
    testDescription = description
    self.found = found
    self.left = left
    self.forPeople = forPeople
    self.inflict = inflict
  }
}

extension DamagedStore {
  func write(_ content: [UInt8], _ path: StoragePath) async throws {
    try await site.driver.put(content, at: path, durability: .process)
  }

  func remove(_ path: StoragePath) async throws {
    do throws(StorageError) {
      try await site.driver.delete(path, durability: .process)
    } catch  where error.code == .notFound {
      // It has been removed before.
    }
  }

  var one: StoragePath { StorageLayout.tagCurrentLink(name, tag("one")) }

  func tag(_ text: String) -> Core.Tag {
    guard let tag = Core.Tag(text) else { preconditionFailure("no tag") }
    return tag
  }
}

extension Damage {
  static let all: [Damage] = [
    Damage(
      "a layer's byte has flipped", finds: [.contentCorrupt], leaves: [.referenceMissing, .layerDangling]
    ) { store in
      var content = store.first.layer
      content[5000] ^= 1
      try await store.write(content, StorageLayout.blobData(store.first.layerDigest))
    },
    Damage(
      "a layer is cut short", finds: [.contentCorrupt, .referenceSize], leaves: [.referenceMissing, .layerDangling]
    ) { store in
      try await store.write(Array(store.first.layer[..<100]), StorageLayout.blobData(store.first.layerDigest))
    },
    Damage(
      "a layer is empty", finds: [.contentEmpty, .referenceMissing, .layerDangling],
      leaves: [.referenceMissing, .layerDangling]
    ) { store in
      try await store.write([], StorageLayout.blobData(store.first.layerDigest))
    },
    Damage(
      "a layer is gone", finds: [.emptyDirectory, .referenceMissing, .layerDangling],
      leaves: [.referenceMissing, .layerDangling]
    ) { store in
      try await store.remove(StorageLayout.blobData(store.first.layerDigest))
    },
    Damage(
      "a manifest has zeros in it", finds: [.contentCorrupt],
      leaves: [.manifestDangling, .tagDangling]
    ) { store in
      let torn = store.first.manifest.prefix(50) + [UInt8](repeating: 0, count: store.first.manifest.count - 50)
      try await store.write(Array(torn), StorageLayout.blobData(store.first.digest))
    },
    Damage("a layer's link is empty", finds: [.linkTorn, .referenceMissing]) { store in
      try await store.write([], StorageLayout.layerLink(store.name, store.first.layerDigest))
    },
    Damage("a directory is in the place of a layer's link", finds: [.linkTorn, .referenceMissing]) { store in
      let link = StorageLayout.layerLink(store.name, store.first.layerDigest)
      try await store.remove(link)
      try await store.write([1], link.appending("x") ?? link)
      try await store.remove(link.appending("x") ?? link)
    },
    Damage("a layer's link names another layer", finds: [.linkMismatch, .referenceSize]) { store in
      try await store.write(
        Array(store.second.layerDigest.description.utf8), StorageLayout.layerLink(store.name, store.first.layerDigest))
    },
    Damage("a layer's link leads nowhere, and nobody needs it", finds: [.layerDangling]) { store in
      let digest = TestContent.digest([1, 2, 3])
      try await store.write(Array(digest.description.utf8), StorageLayout.layerLink(store.name, digest))
    },
    Damage("a torn link leads nowhere", finds: [.linkTorn]) { store in
      try await store.write([1], StorageLayout.layerLink(store.name, TestContent.digest([1, 2, 3])))
    },
    Damage("a manifest's link is torn", finds: [.linkTorn, .tagDangling]) { store in
      try await store.write(Array("sha256:".utf8), StorageLayout.revisionLink(store.name, store.first.digest))
    },
    Damage(
      "a manifest's link is gone", finds: [.emptyDirectory, .tagDangling], leaves: [.tagDangling]
    ) { store in
      try await store.remove(StorageLayout.revisionLink(store.name, store.first.digest))
    },
    Damage("a tag's link is empty", finds: [.tagTorn]) { store in
      try await store.write([], store.one)
    },
    Damage("a tag that has moved has a torn link", finds: [.tagTorn], leaves: [.tagTorn]) { store in
      try await store.write([], StorageLayout.tagCurrentLink(store.name, store.tag("moved")))
    },
    Damage("a tag that was never set has left its directory", finds: [.tagTorn]) { store in
      try await store.write([], StorageLayout.tagCurrentLink(store.name, store.tag("never")))
    },
    Damage("a tag's history is torn", finds: [.linkTorn]) { store in
      try await store.write([], StorageLayout.tagIndexLink(store.name, store.tag("one"), store.first.digest))
    },
    Damage("a tag's history is gone", finds: [.tagIndexMissing]) { store in
      try await store.remove(StorageLayout.tag(store.name, store.tag("one")).appending("index") ?? .root)
    },
    Damage("a process died while it removed a tag", finds: [.leftover]) { store in
      try await store.write([], StorageLayout.tagRemoval(store.name, store.tag("one")))
    },
    Damage("a referrer is not listed", finds: [.emptyDirectory, .referrerMissing]) { store in
      try await store.remove(
        StorageLayout.referrer(store.name, subject: store.first.digest, store.referrer.digest))
    },
    Damage("a referrer's entry is torn", finds: [.referrerTorn]) { store in
      try await store.write(
        Array("{".utf8), StorageLayout.referrer(store.name, subject: store.first.digest, store.referrer.digest))
    },
    Damage("referrers are listed that are gone, or about something else", finds: [.referrerStale]) { store in
      let entry = ReferrerEntry(Descriptor(mediaType: "a/b", digest: store.second.digest, size: 1)).json
      for referrer in [store.second.digest, TestContent.digest([9])] {
        try await store.write(
          entry, StorageLayout.referrer(store.name, subject: store.first.digest, referrer))
      }
    },
    Damage("a collection died over a layer", finds: [.condemned]) { store in
      let data = StorageLayout.blobData(store.first.layerDigest)
      try await store.site.driver.move(data, to: StorageLayout.condemned(data, by: "run"), durability: .process)
    },
    Damage("a collection died over a layer that was pushed again", finds: [.condemned]) { store in
      let data = StorageLayout.blobData(store.first.layerDigest)
      try await store.write([1], StorageLayout.condemned(data, by: "run"))
    },
    Damage("a collection died over links", finds: [.condemned]) { store in
      for link in [
        StorageLayout.layerLink(store.name, store.first.layerDigest),
        StorageLayout.revisionLink(store.name, store.second.digest),
      ] {
        try await store.site.driver.move(link, to: StorageLayout.condemned(link, by: "run"), durability: .process)
      }
    },
    Damage("an upload has no beginning", finds: [.uploadOrphaned]) { store in
      try await store.write([1, 2, 3], StorageLayout.uploadData(store.name, UploadID()))
    },
    Damage("2.1.0 has linked a manifest among the layers", finds: [.manifestAmongLayers]) { store in
      let content = Array(#"{"schemaVersion": 1, "name": "a", "tag": "1.0", "fsLayers": []}"#.utf8)
      let digest = TestContent.digest(content)
      try await store.write(content, StorageLayout.blobData(digest))
      try await store.write(Array(digest.description.utf8), StorageLayout.layerLink(store.name, digest))
    },
    Damage(
      "what is no manifest is linked as one", finds: [.manifestUnreadable], leaves: [.manifestUnreadable],
      forPeople: [.manifestUnreadable]
    ) { store in
      let content = Array("nothing".utf8)
      let digest = TestContent.digest(content)
      try await store.write(content, StorageLayout.blobData(digest))
      try await store.write(Array(digest.description.utf8), StorageLayout.revisionLink(store.name, digest))
    },
    Damage(
      "files lie where none belong", finds: [.unexpected], leaves: [.unexpected], forPeople: [.unexpected]
    ) { store in
      for path in [
        "/docker/registry/v2/blobs/md5/x", "/docker/registry/v2/blobs/sha256/zz/x",
        "/docker/registry/v2/repositories/library/app/_other/x",
        "/docker/registry/v2/repositories/library/app/_layers/sha256/abc/link",
        "/docker/registry/v2/repositories/library/app/_uploads/abc/data",
      ] {
        try await store.write([1], try #require(StoragePath(path)))
      }
    },
  ]
}
