import Core
import HTTPTypes
import TestSupport
import Testing

/// What a collection keeps, and what it removes.
@Suite(.ownThread) struct GarbageCollectionTests {
  private static func layer(_ seed: String) -> Digest { "layer \(seed)".digest }
  private static func config(_ seed: String) -> Digest { "config \(seed)".digest }

  @Test func `what no manifest refers to goes, with its links, and the rest stays`() async throws {
    try await CollectionSite.withEach { site in
      try await site.repo.push("latest", seed: "wanted")
      _ = try await site.repo.blob("garbage")
      site.clock.passDay()
      let report = try await site.collect()
      #expect(report.problems == [])
      #expect(report.blobs.removed == 1 && report.blobs.kept == 3)
      #expect(report.links.removed == 1 && report.links.kept == 2)
      #expect(report.manifests.removed == 0 && report.manifests.kept == 1)
      #expect(report.bytesFreed == 7)
      #expect(try await !site.has("garbage".digest))
      #expect(try await site.isWhole("latest"))
      #expect(
        try await site.files().keys.allSatisfy { !$0.contains("garbage".digest.hex) && !$0.contains("condemned") })
    }
  }

  @Test func `a deleted image goes, and can be pushed and pulled again`() async throws {
    try await CollectionSite.withEach { site in
      let digest = try await site.repo.push("latest", seed: "x")
      #expect(try await site.repo.delete(digest.description).status == 202)
      site.clock.passDay()
      let report = try await site.collect()
      #expect(report.blobs.removed == 3)
      #expect(try await site.files().isEmpty)
      try await site.repo.push("latest", seed: "x")
      #expect(try await site.isWhole("latest"))
    }
  }

  @Test func `what was pushed within the grace stays`() async throws {
    try await CollectionSite.withEach { site in
      _ = try await site.repo.blob("old")
      site.clock.passDay()
      _ = try await site.repo.blob("young")
      #expect(try await site.collect().blobs.removed == 1)
      #expect(try await site.has("young".digest))
      #expect(try await site.collect(grace: .seconds(25 * 3600)).blobs.removed == 0)
      site.clock.passDay()
      #expect(try await site.collect(grace: .seconds(25 * 3600)).blobs.removed == 0)
      #expect(try await site.collect().blobs.removed == 1)
    }
  }

  @Test func `a dry run changes nothing, and says what a run does`() async throws {
    try await CollectionSite.withEach { site in
      try await site.repo.push("latest", seed: "wanted")
      let untagged = try await site.repo.putImage("untagged")
      _ = try await site.repo.blob("garbage")
      site.clock.passDay()
      for deleteUntagged in [false, true] {
        let before = try await site.files()
        var announced: [CollectionItem] = []
        let dry = try await site.collect(
          dryRun: true, deleteUntagged: deleteUntagged, CollectionObserver(removing: { announced.append($0) }),
          before: { call throws(StorageError) in
            if call.isMutation { throw StorageError(.failed, "a dry run changes \(call)") }
          })
        #expect(try await site.files() == before)
        var removed: [CollectionItem] = []
        let run = try await site.collect(
          deleteUntagged: deleteUntagged, CollectionObserver(removing: { removed.append($0) }))
        #expect(dry.problems == [] && run.problems == [])
        #expect(Set(announced.map(\.description)) == Set(removed.map(\.description)))
        #expect(dry.blobs == run.blobs && dry.manifests == run.manifests && dry.links == run.links)
        #expect(dry.bytesFreed == run.bytesFreed)
        #expect(dry.text.contains("would be removed") && run.text.contains(" removed"))
      }
      #expect(try await !site.has(untagged.digest))
    }
  }
}
