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
  /// Each time the storage is made anew. Before it, a day has passed, so all is old that `prepare` makes.
  private func atEveryCall<Answer: Sendable>(
    deleteUntagged: Bool = false, grace: Duration = .zero,
    prepare: (CollectionSite) async throws -> Void,
    _ action: @escaping @Sendable (CollectionSite) async throws -> Answer,
    judge: (CollectionSite, Answer, Int, StagedDriver.Call) async throws -> Void
  ) async throws {
    var moment = 1
    while true {
      let site = CollectionSite()
      try await prepare(site)
      site.clock.passDay()
      let count = Atomic<Int>(0)
      let result = Mutex<(Answer, StagedDriver.Call)?>(nil)
      let failure = Mutex<(any Error)?>(nil)
      let target = moment
      let report = try await site.collect(deleteUntagged: deleteUntagged, grace: grace) { call throws(StorageError) in
        guard count.add(1, ordering: .relaxed).newValue == target else { return }
        do {
          let answer = try await action(site)
          result.withLock { $0 = (answer, call) }
        } catch {
          failure.withLock { $0 = error }
        }
      }
      if let failure = failure.withLock({ $0 }) { throw failure }
      guard let (answer, call) = result.withLock({ $0 }) else { break }
      #expect(report.problems == [], "at call \(moment), \(call)")
      try await judge(site, answer, moment, call)
      // A later collection has nothing to add.
      try await site.collect(deleteUntagged: deleteUntagged, grace: .seconds(3600))
      try await judge(site, answer, moment, call)
      let files = try await site.files()
      #expect(files.keys.allSatisfy { !$0.contains("condemned") }, "at call \(moment), \(call)")
      moment += 1
    }
    #expect(moment > 20)
  }

  @Test func `a blob that a client was told about stays for the manifest that names it`() async throws {
    try await atEveryCall(
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

  @Test func `a mounted blob stays`() async throws {
    try await atEveryCall(
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

  @Test func `an image that is pushed meanwhile, of blobs that nothing referred to, is whole`() async throws {
    try await atEveryCall(
      prepare: { _ = try await $0.repo.image("a") },
      { site in try await site.pushAsClientsDo("a", tag: "latest") },
      judge: { site, _, moment, call in
        let isWhole = try await site.isWhole("latest")
        #expect(isWhole, "pushed at call \(moment), \(call)")
      })
  }

  @Test(arguments: [false, true])
  func `a manifest alone that is accepted is whole`(isTagged: Bool) async throws {
    try await atEveryCall(
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

  @Test func `an untagged manifest that is tagged, or put again, meanwhile stays, whole`() async throws {
    for reference in ["latest", nil] {
      try await atEveryCall(
        deleteUntagged: true,
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

  @Test func `an untagged manifest that a client was told about stays, whole`() async throws {
    try await atEveryCall(
      deleteUntagged: true,
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

  @Test func `an index that names an untagged child meanwhile is whole, if it is accepted`() async throws {
    try await atEveryCall(
      deleteUntagged: true,
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

  @Test func `a referrer that is put again meanwhile is listed`() async throws {
    try await atEveryCall(
      deleteUntagged: true,
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

  @Test func `a blob that is pushed again through another repository is there in both, or is asked for`() async throws {
    try await atEveryCall(
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
}
