import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct BlobTests {
  @Test(arguments: Deployment.allCases)
  func `a blob is served by its digest, with what caches need`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      for algorithm in Digest.Algorithm.allCases {
        for count in [0, 1, 2048, 300_000] {
          let content = TestContent.bytes(count)
          let digest = try await blobs.push(content, algorithm)
          for answer in [try await blobs.get(digest), try await blobs.head(digest)] {
            #expect(answer.status == 200)
            #expect(answer["Docker-Content-Digest"] == digest.description)
            #expect(answer["ETag"] == "\"\(digest)\"")
            #expect(answer["Content-Length"] == String(count))
            #expect(answer["Content-Type"] == "application/octet-stream")
            #expect(answer["Accept-Ranges"] == "bytes")
            #expect(answer["Cache-Control"] == "max-age=31536000")
          }
          #expect(try await blobs.get(digest).body == content)
          #expect(try await blobs.head(digest).body.isEmpty)
        }
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `what the client has is not sent again`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let digest = try await blobs.push(TestContent.bytes(2048))
      for list in ["\"\(digest)\"", "\(digest)", "W/\"\(digest)\"", "\"other\", \"\(digest)\"", "*"] {
        for answer in [
          try await blobs.get(digest, [.ifNoneMatch: list]), try await blobs.head(digest, [.ifNoneMatch: list]),
        ] {
          #expect(answer.status == 304)
          #expect(answer.body.isEmpty)
          #expect(answer["ETag"] == "\"\(digest)\"")
        }
      }
      #expect(try await blobs.get(digest, [.ifNoneMatch: "\"other\""]).status == 200)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a condition that names another blob is answered 412`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(2048)
      let digest = try await blobs.push(content)
      for condition in ["\"\(digest)\"", "\"x\", \"\(digest)\"", "*"] {
        #expect(try await blobs.get(digest, [.ifMatch: condition]).body == content)
        #expect(try await blobs.head(digest, [.ifMatch: condition]).status == 200)
        let part = try await blobs.get(digest, [.ifMatch: condition, .range: "bytes=0-3"])
        #expect(part.status == 206)
        #expect(part.body == Array(content[..<4]))
      }
      for condition in ["\"x\"", "W/\"\(digest)\""] {
        let refused = try await blobs.get(digest, [.ifMatch: condition])
        #expect(refused.status == 412)
        #expect(refused.codes == ["PRECONDITION_FAILED"])
        #expect(try await blobs.head(digest, [.ifMatch: condition]).status == 412)
      }
      // It has no date that could be compared.
      let old = try await blobs.get(digest, [.ifUnmodifiedSince: "Wed, 21 Oct 2015 07:28:00 GMT"])
      #expect(old.body == content)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a part of a blob is served`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(2048)
      let digest = try await blobs.push(content)
      for (range, part) in [
        ("bytes=500-1499", 500..<1500), ("bytes=500-", 500..<2048), ("bytes=-500", 1548..<2048),
        ("bytes=2000-5000", 2000..<2048), ("bytes=0-0", 0..<1),
      ] {
        let answer = try await blobs.get(digest, [.range: range])
        #expect(answer.status == 206)
        #expect(answer.body == Array(content[part]))
        #expect(answer["Content-Range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/2048")
        #expect(answer["Content-Length"] == String(part.count))
        #expect(answer["Docker-Content-Digest"] == digest.description)
      }
      for range in ["bytes=2048-", "bytes=5000-10000", "bytes=500-0"] {
        let answer = try await blobs.get(digest, [.range: range])
        #expect(answer.status == 416)
        #expect(answer.codes == ["RANGE_INVALID"])
        #expect(answer["Content-Range"] == "bytes */2048")
        #expect(answer["Cache-Control"] != "max-age=31536000")
      }
      for (range, condition) in [("items=0-1", nil), ("bytes=0-1", "\"other\"")] {
        var fields: HTTPFields = [.range: range]
        fields[.ifRange] = condition
        let answer = try await blobs.get(digest, fields)
        #expect(answer.status == 200)
        #expect(answer.body == content)
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a blob is seen only where it was pushed`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let digest = try await Blobs(site).push(TestContent.bytes(77))
      let other = Blobs(site)
      let answer = try await other.get(digest)
      #expect(answer.status == 404)
      #expect(answer.codes == ["BLOB_UNKNOWN"])
      #expect(try await other.head(digest).status == 404)
      #expect(try await other.delete(digest).status == 404)
      let malformed = try await site.client.send(.get, "/v2/\(other.name)/blobs/sha256:nonsense")
      #expect(malformed.status == 400)
      #expect(malformed.codes == ["DIGEST_INVALID"])
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a deleted blob is gone at once and can come back`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let other = Blobs(site)
      let content = TestContent.bytes(1000)
      let digest = try await other.push(content)
      for _ in 0..<3 {
        try await blobs.push(content)
        #expect(try await blobs.get(digest).body == content)
        #expect(try await blobs.delete(digest).status == 202)
        #expect(try await blobs.head(digest).status == 404)
        #expect(try await blobs.delete(digest).status == 404)
      }
      #expect(try await other.get(digest).status == 200)
    }
  }

  @Test(arguments: [Deployment.inMemory, .filesystem])
  func `nothing is deleted unless the configuration lets it`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.deleteEnabled = false
    try await deployment.withSite(options) { site in
      let blobs = Blobs(site)
      let digest = try await blobs.push(TestContent.bytes(10))
      let answer = try await blobs.delete(digest)
      #expect(answer.status == 405)
      #expect(answer.codes == ["UNSUPPORTED"])
      #expect(try await blobs.get(digest).status == 200)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a link may lead to content under another digest`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      // As docker/distribution keeps what was pushed by its SHA-512.
      let blobs = Blobs(site)
      let content = TestContent.bytes(500)
      let canonical = try await blobs.push(content)
      let asked = TestContent.digest(content, .sha512)
      let name = try #require(RepositoryName(blobs.name))
      try await Registry(driver: site.driver).repository(name).blobs.link(asked, to: canonical)
      let answer = try await blobs.get(asked)
      #expect(answer.status == 200)
      #expect(answer.body == content)
      #expect(answer["Docker-Content-Digest"] == asked.description)
      let other = Blobs(site)
      #expect(try await other.begin("?mount=\(asked)&from=\(blobs.name)").status == 201)
      #expect(try await other.get(asked).body == content)
    }
  }

  @Test(arguments: Deployment.withoutCache, ["", "sha256:", "nonsense"])
  func `a torn link counts as absent and is mended by the next push`(deployment: Deployment, link: String) async throws
  {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(600)
      let digest = try await blobs.push(content)
      let path = StorageLayout.layerLink(try #require(RepositoryName(blobs.name)), digest)
      try await site.driver.put(Array(link.utf8), at: path, durability: .process)
      #expect(try await blobs.head(digest).status == 404)
      try await blobs.push(content)
      #expect(try await blobs.get(digest).body == content)
      // A newline at the end is accepted.
      try await site.driver.put(Array("\(digest)\n".utf8), at: path, durability: .process)
      #expect(try await blobs.get(digest).body == content)
    }
  }

  @Test(arguments: Deployment.withoutCache)
  func `content that a crash has emptied counts as absent and is mended by the next push`(
    deployment: Deployment
  ) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = Array("content of this test alone: \(blobs.name)".utf8)
      let digest = try await blobs.push(content)
      try await site.driver.put([], at: StorageLayout.blobData(digest), durability: .process)
      #expect(try await blobs.head(digest).status == 404)
      #expect(try await blobs.begin("?mount=\(digest)&from=\(blobs.name)").status == 202)
      try await blobs.push(content)
      #expect(try await blobs.get(digest).body == content)
    }
  }
}
