import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct MountTests {
  @Test(arguments: Deployment.allCases, Digest.Algorithm.allCases)
  func `a blob of another repository is mounted`(deployment: Deployment, algorithm: Digest.Algorithm) async throws {
    try await deployment.withSite { site in
      let source = Blobs(site)
      let content = TestContent.bytes(999)
      let digest = try await source.push(content, algorithm)
      for query in ["?mount=\(digest)&from=\(source.name)", "?from=\(source.name)&mount=\(digest)", "?mount=\(digest)"]
      {
        let target = Blobs(site)
        let answer = try await target.begin(query)
        #expect(answer.status == 201)
        #expect(answer["Docker-Content-Digest"] == digest.description)
        #expect(answer["Location"] == "http://registry.test/v2/\(target.name)/blobs/\(digest)")
        #expect(try await target.get(digest).body == content)
        #expect(try await target.uploadsOnDisk().isEmpty)
      }
    }
  }

  @Test(arguments: [Deployment.inMemory, .cached, .nginx], Configuration.Policy.Mounts.allCases)
  func `mounts are held to the configuration, and what is refused looks like what is not there`(
    deployment: Deployment, mounts: Configuration.Policy.Mounts
  ) async throws {
    var options = DeploymentOptions()
    options.mounts = mounts
    try await deployment.withSite(options) { site in
      let source = Blobs(site)
      let elsewhere = Blobs(site)
      let digest = try await source.push(TestContent.bytes(99))
      _ = try await elsewhere.push(TestContent.bytes(3))
      let absent = TestContent.digest(TestContent.bytes(1998, seed: Int.random(in: 0..<256)))
      let other = TestContent.bytes(97)
      let cases = [
        ("?mount=\(digest)&from=\(source.name)", mounts != .off), ("?mount=\(digest)", mounts == .any),
        ("?mount=\(digest)&from=\(elsewhere.name)", false), ("?mount=\(digest)&from=", false),
        ("?mount=\(digest)&from=nothing/here", false), ("?mount=\(absent)&from=\(source.name)", false),
        ("?mount=\(absent)", false),
      ]
      var refusals: Set<[String]> = []
      for (query, isMounted) in cases {
        let target = Blobs(site)
        let answer = try await target.begin(query)
        #expect(answer.status == (isMounted ? 201 : 202), "\(query)")
        #expect(try await target.get(digest).status == (isMounted ? 200 : 404))
        if !isMounted {
          refusals.insert(answer.fields.map(\.name.canonicalName).sorted() + ["\(answer.body)"])
          #expect(
            try await target.put(target.location(answer), TestContent.digest(other).description, other).status == 201)
        }
      }
      #expect(refusals.count == 1)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `what can't be mounted is uploaded instead`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let source = Blobs(site)
      let content = TestContent.bytes(333, seed: Int.random(in: 0..<256))
      let digest = TestContent.digest(content)
      let elsewhere = Blobs(site)
      _ = try await elsewhere.push(TestContent.bytes(3))
      let target = Blobs(site)
      // Content of the store that `from` doesn't have is not given out by its name.
      let held = try await source.push(TestContent.bytes(4))
      for query in [
        "?mount=\(digest)&from=\(source.name)", "?mount=\(held)&from=\(elsewhere.name)",
        "?mount=\(held)&from=NOT%20A%20NAME", "?mount=\(TestContent.digest(content, .sha512))",
        "?mount=&from=\(source.name)", "?mount=x", "?mount=sha384:\(String(repeating: "a", count: 96))",
      ] {
        let answer = try await target.begin(query)
        #expect(answer.status == 202, "\(query)")
        #expect(try await target.get(held).status == 404)
        let closed = try await target.put(target.location(answer), digest.description, content)
        #expect(closed.status == 201)
        #expect(try await target.get(digest).body == content)
      }
    }
  }
}
