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
