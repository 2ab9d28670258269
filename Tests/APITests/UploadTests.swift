import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct UploadTests {
  /// An upload's path without its state.
  private func path(_ location: String) -> String { String(location.prefix { $0 != "?" }) }

  @Test(arguments: Deployment.allCases, Digest.Algorithm.allCases)
  func `POST, PATCH, PUT`(deployment: Deployment, algorithm: Digest.Algorithm) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      for (count, chunked) in [(0, true), (1, true), (3067, false), (400_001, true)] {
        let content = TestContent.bytes(count, seed: 3)
        let digest = TestContent.digest(content, algorithm)
        let begun = try await blobs.begin()
        #expect(begun.status == 202)
        #expect(begun["Range"] == "0-0")
        #expect(begun["Content-Length"] == "0")
        let id = try #require(begun["Docker-Upload-UUID"])
        #expect(
          begun["Location"]?.hasPrefix("http://registry.test/v2/\(blobs.name)/blobs/uploads/\(id)?_state=") == true)
        let patched = try await blobs.patch(blobs.location(begun), content, chunked: chunked)
        #expect(patched.status == 202)
        #expect(patched["Range"] == "0-\(max(0, count - 1))")
        #expect(patched["Docker-Upload-UUID"] == id)
        let closed = try await blobs.put(blobs.location(patched), digest.description)
        #expect(closed.status == 201)
        #expect(closed["Docker-Content-Digest"] == digest.description)
        #expect(closed["Location"] == "http://registry.test/v2/\(blobs.name)/blobs/\(digest)")
        #expect(try await site.client.send(.get, blobs.location(closed)).body == content)
        #expect(try await blobs.uploadsOnDisk().isEmpty)
      }
    }
  }

  @Test(arguments: Deployment.allCases, Digest.Algorithm.allCases)
  func `POST, PUT with everything`(deployment: Deployment, algorithm: Digest.Algorithm) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      for (count, chunked) in [(0, false), (0, true), (512, false), (300_000, true)] {
        let content = TestContent.bytes(count, seed: 5)
        let digest = TestContent.digest(content, algorithm)
        let closed = try await blobs.put(blobs.location(), digest.description, content, chunked: chunked)
        #expect(closed.status == 201)
        #expect(closed["Docker-Content-Digest"] == digest.description)
        #expect(try await blobs.get(digest).body == content)
      }
    }
  }

  @Test(arguments: Deployment.allCases, [false, true])
  func `content of many buffers is hashed in order`(deployment: Deployment, chunked: Bool) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = (0..<8).flatMap { TestContent.bytes(200_003, seed: $0) }
      let digest = TestContent.digest(content)
      let patched = try await blobs.patch(blobs.location(), content, chunked: chunked)
      #expect(patched["Range"] == "0-\(content.count - 1)")
      #expect(try await blobs.put(blobs.location(patched), digest.description).status == 201)
      #expect(try await blobs.get(digest).body == content)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `an old state closes an upload that takes nothing more`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(3000)
      let digest = TestContent.digest(content)
      let first = try await blobs.location()
      #expect(try await blobs.patch(first, content).status == 202)
      #expect(try await blobs.patch(first, content).status == 416)
      #expect(try await blobs.put(first, digest.description, content).status == 416)
      #expect(try await blobs.put(first, digest.description).status == 201)
    }
  }

  @Test(arguments: Deployment.allCases, Digest.Algorithm.allCases)
  func `POST with everything`(deployment: Deployment, algorithm: Digest.Algorithm) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      for (count, chunked) in [(0, false), (512, false), (300_000, true)] {
        let content = TestContent.bytes(count, seed: 7)
        let digest = TestContent.digest(content, algorithm)
        let answer = try await blobs.begin("?digest=\(digest)", body: content, chunked: chunked)
        #expect(answer.status == 201)
        #expect(answer["Location"] == "http://registry.test/v2/\(blobs.name)/blobs/\(digest)")
        #expect(answer["Docker-Content-Digest"] == digest.description)
        #expect(try await blobs.get(digest).body == content)
      }
      #expect(try await blobs.uploadsOnDisk().isEmpty)
    }
  }

  @Test(arguments: Deployment.allCases, ["", "?digest-algorithm=sha256", "?digest-algorithm=sha512"])
  func `chunks with ranges, the last one by PUT`(deployment: Deployment, query: String) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(3067)
      let digest = TestContent.digest(content, query.hasSuffix("512") ? .sha512 : .sha256)
      var location = try await blobs.location(query)
      for part in [0..<1024, 1024..<2048] {
        let answer = try await blobs.patch(
          location, Array(content[part]), range: "\(part.lowerBound)-\(part.upperBound - 1)")
        #expect(answer.status == 202)
        #expect(answer["Range"] == "0-\(part.upperBound - 1)")
        location = try blobs.location(answer)
      }
      let closed = try await blobs.put(
        location, digest.description, Array(content[2048...]), range: "2048-3066")
      #expect(closed.status == 201)
      #expect(try await blobs.get(digest).body == content)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a chunk out of order changes nothing`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(3000)
      let digest = TestContent.digest(content)
      let begun = try await blobs.location()
      let first = try await blobs.patch(begun, Array(content[..<1000]), range: "0-999")
      let location = try blobs.location(first)
      for (range, count) in [
        ("2000-2999", 1000), ("0-999", 1000), ("999-1998", 1000), ("1001-2000", 1000), ("nonsense", 10), ("5-1", 10),
      ] {
        let bytes = TestContent.bytes(count, seed: 99)
        for answer in [
          try await blobs.patch(location, bytes, range: range),
          try await blobs.patch(location, bytes, range: range, chunked: true),
          try await blobs.put(location, digest.description, bytes, range: range),
        ] {
          #expect(answer.status == 416)
          #expect(answer.codes == ["RANGE_INVALID"])
          #expect(answer["Range"] == "0-999")
          #expect(answer["Location"]?.hasPrefix(path(location)) == true)
        }
      }
      // Without a range, the state says where the client believes to be.
      #expect(try await blobs.patch(begun, Array(content[1000...])).status == 416)
      #expect(try await blobs.put(begun, digest.description, content).status == 416)

      // The refused request's own URL, with its old state.
      let status = try await blobs.status("\(begun)&digest=\(digest)")
      #expect(status.status == 204)
      #expect(status["Range"] == "0-999")
      let rest = try await blobs.patch(blobs.location(status), Array(content[1000...]), range: "1000-2999")
      #expect(rest.status == 202)
      #expect(try await blobs.put(blobs.location(rest), digest.description).status == 201)
      #expect(try await blobs.get(digest).body == content)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a range is as long as the body`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let location = try await blobs.location()
      let answer = try await blobs.patch(location, TestContent.bytes(10), range: "0-10")
      #expect(answer.status == 400)
      #expect(answer.codes == ["SIZE_INVALID"])
      #expect(try await blobs.status(location)["Range"] == "0-0")
      // Of unknown length: what lies in the range is taken.
      let longer = try await blobs.patch(location, TestContent.bytes(300_000), range: "0-199999", chunked: true)
      #expect(longer.status == 400)
      #expect(longer.codes == ["SIZE_INVALID"])
      #expect(try await blobs.status(location)["Range"] == "0-199999")
    }
  }

  @Test(arguments: Deployment.allCases)
  func `content with another digest is refused and leaves nothing`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(2000)
      for algorithm in Digest.Algorithm.allCases {
        let wrong = TestContent.digest(TestContent.bytes(2000, seed: 1), algorithm)
        let patched = try await blobs.patch(blobs.location(), content)
        for answer in [
          try await blobs.begin("?digest=\(wrong)", body: content),
          try await blobs.begin("?digest=\(wrong)", body: content, chunked: true),
          try await blobs.put(blobs.location(), wrong.description, content),
          try await blobs.put(blobs.location(patched), wrong.description),
        ] {
          #expect(answer.status == 400)
          #expect(answer.codes == ["DIGEST_INVALID"])
        }
        #expect(try await blobs.get(wrong).status == 404)
      }
      #expect(try await blobs.uploadsOnDisk().isEmpty)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a digest that can't be read is refused and leaves the upload`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(100)
      let location = try await blobs.location()
      for answer in [
        try await blobs.put(location, "", content), try await blobs.put(location, "sha256:12", content),
        try await blobs.put(location, "md5:\(String(repeating: "a", count: 32))", content),
        try await site.client.send(.put, location, body: content), try await blobs.begin("?digest=x", body: content),
        try await blobs.begin("?digest-algorithm=md5"),
      ] {
        #expect(answer.status == 400)
        #expect(answer.codes == ["DIGEST_INVALID"])
      }
      #expect(try await blobs.put(location, TestContent.digest(content).description, content).status == 201)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `an upload can be watched and given up`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let begun = try await blobs.begin()
      let location = try blobs.location(begun)
      for method in [HTTPRequest.Method.get, .head] {
        let status = try await site.client.send(method, path(location))
        #expect(status.status == 204)
        #expect(status["Range"] == "0-0")
        #expect(status["Docker-Upload-UUID"] == begun["Docker-Upload-UUID"])
        #expect(status["Location"]?.hasPrefix(path(location)) == true)
      }
      _ = try await blobs.patch(location, TestContent.bytes(1000))
      #expect(try await site.client.send(.delete, path(location)).status == 204)
      #expect(try await blobs.uploadsOnDisk().isEmpty)
      for method in [HTTPRequest.Method.get, .delete, .patch] {
        let gone = try await site.client.send(method, path(location))
        #expect(gone.status == 404)
        #expect(gone.codes == ["BLOB_UPLOAD_UNKNOWN"])
      }
      let digest = TestContent.digest([])
      #expect(try await blobs.put(path(location) + "?", digest.description).status == 404)
      #expect(try await blobs.uploadsOnDisk().isEmpty)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `an upload belongs to its repository and its state to the upload`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let other = Blobs(site)
      let location = try await blobs.location()
      let elsewhere = location.replacing(blobs.name, with: other.name)
      let id = path(location).split(separator: "/").last ?? ""
      let state = location.dropFirst(path(location).count)
      #expect(try await site.client.send(.get, path(elsewhere)).status == 404)
      let another = try await blobs.location()
      var tampered = location
      tampered.insert("x", at: tampered.index(tampered.startIndex, offsetBy: path(location).count + 20))
      for wrong in [
        elsewhere, path(another) + state, tampered, path(location) + "?_state=", "\(path(location))?_state=%25",
      ] {
        let answer = try await blobs.patch(wrong, [1, 2, 3])
        #expect(answer.status == 400, "\(wrong)")
        #expect(answer.codes == ["BLOB_UPLOAD_INVALID"])
      }
      #expect(try await blobs.status(location)["Range"] == "0-0")
      // The files are the authority: no state is no hindrance.
      #expect(try await blobs.patch("/v2/\(blobs.name)/blobs/uploads/\(id)", [1, 2, 3]).status == 202)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `who lost the answer to the closing PUT closes again`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(1234)
      let digest = TestContent.digest(content)
      let location = try await blobs.location()
      for _ in 0..<2 {
        let closed = try await blobs.put(location, digest.description, content)
        #expect(closed.status == 201)
        #expect(closed["Docker-Content-Digest"] == digest.description)
      }
      // It may say nothing more, but nothing else.
      #expect(try await blobs.put(location, digest.description, []).status == 201)
      for other in [TestContent.bytes(1234, seed: 9), content + [1], Array(content.dropFirst())] {
        #expect(try await blobs.put(location, digest.description, other).status == 404)
      }
      let unknown = TestContent.digest([1])
      #expect(try await blobs.put(location, unknown.description, [1]).status == 404)
      #expect(try await blobs.put(path(location) + "?", digest.description, content).status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `who lost the answer to the last chunk sends it again`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(300_000)
      let digest = TestContent.digest(content).description
      let first = try await blobs.patch(blobs.location(), Array(content[..<100_000]))
      let location = try blobs.location(first)
      for _ in 0..<2 { #expect(try await blobs.put(location, digest, Array(content[100_000...])).status == 201) }
      #expect(try await blobs.put(location, digest, Array(content[..<200_000])).status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `an upload that was given up takes no other content for a blob`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let digest = try await blobs.push(TestContent.bytes(500))
      let location = try await blobs.location()
      #expect(try await site.client.send(.delete, location).status == 204)
      #expect(try await blobs.put(location, digest.description, TestContent.bytes(500, seed: 3)).status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `an upload that docker distribution began is finished`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let name = try #require(RepositoryName(blobs.name))
      let id = try #require(UploadID("01a20999-3c5c-7cd6-9425-9c14bef19cba"))
      let content = TestContent.bytes(150_001)
      var hasher = ContentHasher(.sha256)
      for (offset, piece) in [(0, 0..<0), (70_000, 0..<70_000), (100_003, 70_000..<100_003)] {
        hasher.update(content.span.extracting(piece).bytes)
        try await site.driver.put(
          hasher.state, at: try #require(StoragePath("\(StorageLayout.uploadHashStates(name, id, .sha256))/\(offset)")),
          durability: .process)
      }
      try await site.driver.put(
        Array(content[..<100_003]), at: StorageLayout.uploadData(name, id), durability: .process)
      try await site.driver.put(
        Array("2026-08-01T12:34:56Z".utf8), at: StorageLayout.uploadStartedAt(name, id), durability: .process)
      let status = try await site.client.send(.get, "/v2/\(blobs.name)/blobs/uploads/\(id)")
      #expect(status["Range"] == "0-100002")
      let rest = try await blobs.patch(blobs.location(status), Array(content[100_003...]), range: "100003-150000")
      #expect(rest.status == 202)
      let digest = TestContent.digest(content)
      #expect(try await blobs.put(blobs.location(rest), digest.description).status == 201)
      #expect(try await blobs.get(digest).body == content)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `writers to one upload side by side never corrupt it`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let blobs = Blobs(site)
      let content = TestContent.bytes(200_000)
      let digest = TestContent.digest(content)
      for _ in 0..<5 {
        let location = path(try await blobs.location())
        let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
          for _ in 0..<4 {
            group.addTask {
              let patched = try await blobs.patch(location, content, range: "0-199999")
              let closed = try await blobs.put(location + "?", digest.description)
              return [patched.status, closed.status]
            }
          }
          return try await group.reduce(into: []) { $0 += $1 }
        }
        // Who comes while another closes finds the upload there, gone, or empty.
        #expect(statuses.contains(201), "\(statuses)")
        #expect(statuses.allSatisfy { [201, 202, 400, 404, 409, 416].contains($0) }, "\(statuses)")
        #expect(try await blobs.get(digest).body == content)
        #expect(try await blobs.delete(digest).status == 202)
      }
    }
  }
}
