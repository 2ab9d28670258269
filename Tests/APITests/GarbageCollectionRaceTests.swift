import Core
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// What happens between two steps of a collection: whoever was told that content is there, or whose manifest was
/// accepted, has it afterwards.
@Suite(.ownThread) struct GarbageCollectionRaceTests {
  /// Runs `action` before the n-th call of a collection, for every n, and judges the result.
  ///
  /// Each time the storage is made anew. Before it, a day has passed, so all is old that `prepare` makes. Over an object
  /// store, an action that waits for the collection goes on beside it.
  private func atEveryCall<Answer: Sendable>(
    of storage: CollectionSite.Storage, deleteUntagged: Bool = false, grace: Duration = .seconds(12 * 3600),
    prepare: (CollectionSite) async throws -> Void,
    _ action: @escaping @Sendable (CollectionSite) async throws -> Answer,
    judge: (CollectionSite, Answer, Int, StagedDriver.Call) async throws -> Void
  ) async throws {
    var moment = 1
    while true {
      let site = CollectionSite(storage)
      try await prepare(site)
      site.clock.passDay()
      let count = Atomic<Int>(0)
      let running = Mutex<(Meanwhile<Answer>, StagedDriver.Call)?>(nil)
      let target = moment
      let report = try await site.collect(deleteUntagged: deleteUntagged, grace: grace) { call throws(StorageError) in
        guard count.add(1, ordering: .relaxed).newValue == target else { return }
        let meanwhile = Meanwhile { try await action(site) }
        running.withLock { $0 = (meanwhile, call) }
        await meanwhile.untilDoneOrStuck(storage)
      }
      guard let (meanwhile, call) = running.withLock({ $0 }) else { break }
      let answer = try await meanwhile.answer
      #expect(report.problems == [], "at call \(moment), \(call)")
      try await judge(site, answer, moment, call)
      // A later collection has nothing to add.
      try await site.collect(deleteUntagged: deleteUntagged, grace: .seconds(3600))
      try await judge(site, answer, moment, call)
      let files = try await site.files()
      #expect(
        files.keys.allSatisfy { !$0.contains("condemned") && !$0.contains("/removals/") }, "at call \(moment), \(call)")
      moment += 1
    }
    #expect(moment > 20)
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `a blob that a client was told about stays for the manifest that names it`(storage: CollectionSite.Storage)
    async throws
  {
    try await atEveryCall(
      of: storage,
      prepare: { _ = try await $0.repo.image("a") },
      { site in
        let layer = try await site.site.client.send(.head, "/v2/\(site.repo.name)/blobs/\("layer a".digest)")
        let config = try await site.site.client.send(.head, "/v2/\(site.repo.name)/blobs/\("config a".digest)")
        return (layer.status, config.status)
      },
      judge: { site, answer, moment, call in
        for (status, digest) in [(answer.0, "layer a".digest), (answer.1, "config a".digest)] {
          let now = try await site.site.client.send(.get, "/v2/\(site.repo.name)/blobs/\(digest)")
          if status == 200 { #expect(now.status == 200, "told at call \(moment), \(call)") }
          #expect(status == 200 || status == 404)
        }
      })
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `a mounted blob stays`(storage: CollectionSite.Storage) async throws {
    try await atEveryCall(
      of: storage,
      prepare: { _ = try await $0.repo.blob("mounted") },
      { site in
        let answer = try await site.site.client.send(
          .post, "/v2/other/blobs/uploads/?mount=\("mounted".digest)&from=\(site.repo.name)")
        return answer.status
      },
      judge: { site, status, moment, call in
        let now = try await site.site.client.send(.get, "/v2/other/blobs/\("mounted".digest)")
        #expect(now.status == (status == 201 ? 200 : 404), "mounted at call \(moment), \(call)")
      })
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `an image that is pushed meanwhile, of blobs that nothing referred to, is whole`(storage: CollectionSite.Storage)
    async throws
  {
    try await atEveryCall(
      of: storage,
      prepare: { _ = try await $0.repo.image("a") },
      { site in try await site.pushAsClientsDo("a", tag: "latest") },
      judge: { site, _, moment, call in
        let isWhole = try await site.isWhole("latest")
        #expect(isWhole, "pushed at call \(moment), \(call)")
      })
  }

  @Test(arguments: [false, true], CollectionSite.Storage.allCases)
  func `a manifest alone that is accepted is whole`(isTagged: Bool, storage: CollectionSite.Storage) async throws {
    try await atEveryCall(
      of: storage,
      prepare: { _ = try await $0.repo.image("a") },
      { site in
        let config = Repo.descriptor(
          Array("config a".utf8), "config a".digest, "application/vnd.oci.image.config.v1+json")
        let layer = Repo.descriptor(Array("layer a".utf8), "layer a".digest, "application/octet-stream")
        let image =
          #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest.rawValue)","config":\#(config),"layers":[\#(layer)]}"#
        let reference = isTagged ? "latest" : image.digest.description
        return (reference, try await site.repo.put(image, at: reference).status)
      },
      judge: { site, answer, moment, call in
        if answer.1 == 201 {
          let isWhole = try await site.isWhole(answer.0)
          #expect(isWhole, "put at call \(moment), \(call)")
        } else {
          #expect(answer.1 == 404 || answer.1 == 400, "put at call \(moment), \(call)")
        }
      })
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `an untagged manifest that is tagged, or put again, meanwhile stays, whole`(storage: CollectionSite.Storage)
    async throws
  {
    for reference in ["latest", nil] {
      try await atEveryCall(
        of: storage, deleteUntagged: true,
        prepare: { _ = try await $0.repo.putImage("a") },
        { site in
          let image = try await site.repo.imageText("a")
          return try await site.repo.put(image, at: reference ?? image.digest.description).status
        },
        judge: { site, status, moment, call in
          let image = try await site.repo.imageText("a")
          if status == 201 {
            let isWhole = try await site.isWhole(reference ?? image.digest.description)
            #expect(isWhole, "put at call \(moment), \(call)")
          } else {
            #expect(status == 404 || status == 400, "put at call \(moment), \(call)")
          }
        })
    }
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `an untagged manifest that a client was told about stays, whole`(storage: CollectionSite.Storage) async throws {
    try await atEveryCall(
      of: storage, deleteUntagged: true,
      prepare: { _ = try await $0.repo.putImage("a") },
      { site in
        let digest = try await site.repo.imageText("a").digest
        return try await site.site.client.send(.head, "/v2/\(site.repo.name)/manifests/\(digest)").status
      },
      judge: { site, status, moment, call in
        let digest = try await site.repo.imageText("a").digest
        let isWhole = try await site.isWhole(digest.description)
        if status == 200 { #expect(isWhole, "told at call \(moment), \(call)") }
        #expect(status == 200 || status == 404)
      })
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `an index that names an untagged child meanwhile is whole, if it is accepted`(storage: CollectionSite.Storage)
    async throws
  {
    try await atEveryCall(
      of: storage, deleteUntagged: true,
      prepare: { _ = try await $0.repo.putImage("a") },
      { site in
        let image = try await site.repo.imageText("a")
        return try await site.repo.put(Repo.index([Repo.descriptor(image)]), at: "list").status
      },
      judge: { site, status, moment, call in
        if status == 201 {
          let isWhole = try await site.isWhole("list")
          #expect(isWhole, "put at call \(moment), \(call)")
        } else {
          #expect(status == 404 || status == 400, "put at call \(moment), \(call)")
        }
      })
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `a referrer that is put again meanwhile is listed`(storage: CollectionSite.Storage) async throws {
    try await atEveryCall(
      of: storage, deleteUntagged: true,
      prepare: { site in
        let subject = try await site.repo.putImage("a")
        _ = try await site.repo.putImage("signature", more: #","subject":\#(Repo.descriptor(subject))"#)
      },
      { site in
        let subject = try await site.repo.imageText("a")
        let signature = try await site.repo.imageText("signature", more: #","subject":\#(Repo.descriptor(subject))"#)
        let status = try await site.repo.put(signature, at: "signature").status
        return (status, subject.digest, signature.digest)
      },
      judge: { site, answer, moment, call in
        guard answer.0 == 201 else { return }
        let list = try await site.site.client.send(.get, "/v2/\(site.repo.name)/referrers/\(answer.1)")
        #expect(list.text.contains(answer.2.description), "put at call \(moment), \(call)")
        let isWhole = try await site.isWhole("signature")
        #expect(isWhole, "put at call \(moment), \(call)")
      })
  }

  @Test(arguments: CollectionSite.Storage.allCases)
  func `a blob that is pushed again through another repository is there in both, or is asked for`(
    storage: CollectionSite.Storage
  ) async throws {
    try await atEveryCall(
      of: storage,
      prepare: { site in
        _ = try await site.repo.blob("shared")
        try await site.base.delete(StorageLayout.blobData("shared".digest), durability: .process)
      },
      { site in
        let other = try await site.site.client.send(
          .post, "/v2/other/blobs/uploads/?digest=\("shared".digest)", body: Array("shared".utf8))
        let told = try await site.site.client.send(.head, "/v2/\(site.repo.name)/blobs/\("shared".digest)")
        return (other.status, told.status)
      },
      judge: { site, answer, moment, call in
        #expect(answer.0 == 201)
        let there = try await site.site.client.send(.get, "/v2/other/blobs/\("shared".digest)").status
        #expect(there == 200, "pushed at call \(moment), \(call)")
        let here = try await site.site.client.send(.get, "/v2/\(site.repo.name)/blobs/\("shared".digest)").status
        if answer.1 == 200 { #expect(here == 200, "told at call \(moment), \(call)") }
      })
  }

  @Test func `a second collection meanwhile takes nothing that is wanted, and leaves no garbage`() async throws {
    try await atEveryCall(
      of: .objects, deleteUntagged: true,
      prepare: { site in
        try await site.repo.push("latest", seed: "wanted")
        _ = try await site.repo.putImage("untagged")
        _ = try await site.repo.blob("garbage")
      },
      { site in
        try await site.collect(deleteUntagged: true, grace: .zero).problems.count
      },
      judge: { site, problems, moment, call in
        #expect(problems == 0, "at call \(moment), \(call)")
        let (isWhole, isLeft) = try await (site.isWhole("latest"), site.has("garbage".digest))
        #expect(isWhole && !isLeft, "at call \(moment), \(call)")
      })
  }
}
