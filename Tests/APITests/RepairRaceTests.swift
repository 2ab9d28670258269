import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// A repair that somebody else's change comes in between.
@Suite(.ownThread) struct RepairRaceTests {
  /// Repairs a store; when the call `name` on `path` comes, `change` is made first, once.
  private func repair(
    _ store: DamagedStore, before name: String, of path: StoragePath,
    _ change: @escaping @Sendable (DamagedStore) async throws -> Void
  ) async throws -> [Finding] {
    let isMade = Made()
    let hooked = HookedDriver(store.site.driver) { call async throws(StorageError) in
      guard call.name == name, call.path == path, isMade.isFirst else { return }
      do {
        try await change(store)
      } catch {
        throw StorageError(.failed, "\(error)")
      }
    }
    var options = Verifier.Options()
    options.repair = true
    options.settling = (age: .zero, pause: .zero)
    let log = VerificationLog()
    _ = try await Verifier(driver: hooked, options: options).run { log.note($0) }
    #expect(!isMade.isFirst, "the change was made")
    return log.findings
  }

  private final class Made: Sendable {
    private let count = Atomic<Int>(0)
    var isFirst: Bool { count.add(1, ordering: .relaxed).oldValue == 0 }
  }

  private func withStore(_ body: (DamagedStore) async throws -> Void) async throws {
    try await Deployment.filesystem.withSite { try await body(DamagedStore($0)) }
  }

  @Test func `a tag that is set while it is mended points to what it was set to`() async throws {
    try await withStore { store in
      try await store.write([], store.one)
      let removal = StorageLayout.tagRemoval(store.name, store.tag("one"))
      _ = try await repair(store, before: "writer", of: removal) { store in
        let answer = try await store.site.client.send(
          .put, "/v2/\(store.name)/manifests/one", [.contentType: MediaType.ociManifest.rawValue],
          body: store.second.manifest)
        #expect(answer.status == 201)
      }
      let answer = try await store.site.client.send(.get, "/v2/\(store.name)/manifests/one")
      #expect(answer.body == store.second.manifest)
    }
  }

  @Test func `a tag that is deleted while its history is mended stays away`() async throws {
    try await withStore { store in
      let tag = store.tag("one")
      let index = StorageLayout.tagIndexLink(store.name, tag, store.first.digest)
      try await store.remove(index)
      _ = try await repair(store, before: "put", of: index) { store in
        let answer = try await store.site.client.send(.delete, "/v2/\(store.name)/manifests/one")
        #expect(answer.status == 202)
      }
      #expect(try await store.site.client.send(.get, "/v2/\(store.name)/manifests/one").status == 404)
      let names = try await store.site.driver.list(StorageLayout.tags(store.name))
      #expect(!names.contains("one"))
    }
  }

  @Test(arguments: [true, false])
  func `a link whose content comes back while it is taken away stays`(isTorn: Bool) async throws {
    try await withStore { store in
      let content = TestContent.bytes(100, seed: 9)
      let digest = TestContent.digest(content)
      let link = StorageLayout.layerLink(store.name, digest)
      try await store.write(isTorn ? [] : Array(digest.description.utf8), link)
      _ = try await repair(store, before: "move", of: link) { store in
        let answer = try await store.site.client.send(
          .post, "/v2/\(store.name)/blobs/uploads/?digest=\(digest)", [.contentType: "application/octet-stream"],
          body: content)
        #expect(answer.status == 201)
      }
      #expect(try await store.site.client.send(.get, "/v2/\(store.name)/blobs/\(digest)").body == content)
      #expect(try await store.site.driver.list(link.parent) == ["link"])
    }
  }

  @Test func `a manifest that is deleted while it is moved to its place stays away`() async throws {
    try await withStore { store in
      let content = Array(#"{"schemaVersion": 1, "name": "a", "tag": "1.0", "fsLayers": []}"#.utf8)
      let digest = TestContent.digest(content)
      let (link, revision) = (
        StorageLayout.layerLink(store.name, digest), StorageLayout.revisionLink(store.name, digest)
      )
      try await store.write(content, StorageLayout.blobData(digest))
      try await store.write(Array(digest.description.utf8), link)
      _ = try await repair(store, before: "put", of: revision) { store in
        let answer = try await store.site.client.send(.delete, "/v2/\(store.name)/manifests/\(digest)")
        #expect(answer.status == 202, "\(answer.text)")
      }
      for path in [link, revision] {
        await #expect(throws: StorageError.self) { _ = try await store.site.driver.stat(path) }
      }
    }
  }
}
