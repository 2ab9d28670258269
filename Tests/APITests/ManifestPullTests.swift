import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct ManifestPullTests {
  @Test(arguments: Deployment.allCases)
  func `what is not there is unknown`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      for reference in ["latest", Repo.digest([1]).description] {
        let answer = try await repo.get(reference)
        #expect(answer.status == 404)
        #expect(answer.codes == ["MANIFEST_UNKNOWN"])
        let head = try await site.client.send(.head, "/v2/\(repo.name)/manifests/\(reference)")
        #expect(head.status == 404)
      }
      // The conformance suite of OCI 1.1.1 asks for one of that name.
      #expect(try await repo.get(".INVALID_MANIFEST_NAME").codes == ["MANIFEST_UNKNOWN"])
      for method in [HTTPRequest.Method.get, .head, .delete] {
        let answer = try await site.client.send(method, "/v2/\(repo.name)/manifests/.INVALID_MANIFEST_NAME")
        #expect(answer.status == 404)
      }
      let pushed = try await repo.put(repo.image(), at: ".INVALID_MANIFEST_NAME")
      #expect(pushed.status == 400)
      #expect(pushed.codes == ["TAG_INVALID"])
    }
  }

  @Test(arguments: Deployment.allCases)
  func `what was taken is served, whatever is null or empty in it`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image(mediaType: nil)
      for (text, type) in [
        (
          image.replacing("{\"schemaVersion\":2,", with: "{\"schemaVersion\":2,\"mediaType\":null,"),
          MediaType.ociManifest
        ),
        (image.replacing("{\"schemaVersion\":2,", with: "{\"schemaVersion\":2,\"mediaType\":\"\","), .ociManifest),
        (image.replacing("{\"schemaVersion\":2,", with: "{\"manifests\":null,\"schemaVersion\":2,"), .ociManifest),
        (#"{"schemaVersion":2,"manifests":null}"#, .ociIndex),
        (#"{"schemaVersion":2,"mediaType":null,"manifests":[]}"#, .ociIndex),
      ] {
        let pushed = try await repo.put(text, at: "odd", as: type)
        #expect(pushed.status == 201, "\(text): \(pushed.text)")
        for reference in ["odd", Repo.digest(Array(text.utf8)).description] {
          let answer = try await repo.get(reference)
          #expect(answer.status == 200, "\(text)")
          #expect(answer.body == Array(text.utf8))
          #expect(answer["Content-Type"] == type.rawValue)
        }
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a condition that names another manifest is answered 412`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let digest = try await repo.push("latest").description
      for reference in ["latest", digest] {
        #expect(try await repo.get(reference, [.ifMatch: "\"x\", \"\(digest)\""]).status == 200)
        let refused = try await repo.get(reference, [.ifMatch: "\"x\""])
        #expect(refused.status == 412)
        #expect(refused.codes == ["PRECONDITION_FAILED"])
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a client that has it gets 304`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let digest = try await repo.push("latest").description
      for reference in ["latest", digest] {
        for list in ["\"\(digest)\"", digest, "W/\"\(digest)\"", "\"x\", \"\(digest)\"", "*"] {
          let answer = try await repo.get(reference, [.ifNoneMatch: list])
          #expect(answer.status == 304, "\(list)")
          #expect(answer["ETag"] == "\"\(digest)\"")
          #expect(answer.body.isEmpty)
        }
        #expect(try await repo.get(reference, [.ifNoneMatch: "\"other\""]).status == 200)
      }
      _ = try await repo.delete(digest)
      #expect(try await repo.get(digest, [.ifNoneMatch: digest]).status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `HEAD answers as GET does, without the body`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image()
      let large = String(image.dropLast()) + #","x":"\#(String(repeating: "x", count: 200 << 10))"}"#
      let child = Repo.descriptor(
        Array(image.utf8), Repo.digest(Array(image.utf8)), MediaType.dockerManifest.rawValue,
        more: #","platform":{"os":"linux","architecture":"amd64"}"#)
      let type = MediaType.dockerManifestList.rawValue
      let list = #"{"schemaVersion":2,"mediaType":"\#(type)","manifests":[\#(child)]}"#
      let largeList =
        #"{"schemaVersion":2,"mediaType":"\#(type)","x":"\#(large.count)\#(String(repeating: "x", count: 100 << 10))","manifests":[\#(child)]}"#
      for (tag, text) in [("image", image), ("large", large), ("list", list), ("large-list", largeList)] {
        #expect(try await repo.put(text, at: tag).status == 201)
        let digest = Repo.digest(Array(text.utf8)).description
        let several = "\(MediaType.ociManifest.rawValue), \(MediaType.dockerManifest.rawValue)"
        for reference in [tag, digest] {
          for fields in [
            [:], [.ifNoneMatch: digest], [.ifNoneMatch: "x"], [.ifMatch: "x"], [.accept: MediaType.ociIndex.rawValue],
            [.accept: several],
          ] as [HTTPFields] {
            let got = try await repo.get(reference, fields)
            let head = try await repo.head(reference, fields)
            #expect(head.status == got.status)
            #expect(head.body.isEmpty)
            for name in ["Content-Type", "Docker-Content-Digest", "ETag", "Cache-Control", "Vary"] {
              #expect(head[name] == got[name], "\(name) of \(reference), \(fields)")
            }
            if got.status == 200 { #expect(head["Content-Length"] == String(got.body.count)) }
          }
        }
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a blob is not served as a manifest`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let text = try await repo.image()
      _ = try await repo.blob(text)
      let digest = Repo.digest(Array(text.utf8)).description
      #expect(try await repo.get(digest).status == 404)
      #expect(try await repo.delete(digest).status == 404)
      #expect(try await repo.repository.blobs.resolve(#require(Digest(digest))) != nil)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `OCI manifests go to those who take them`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      try await repo.push("latest")
      let docker = try await repo.get("latest", [.accept: MediaType.dockerManifest.rawValue])
      #expect(docker.status == 404)
      #expect(docker.codes == ["MANIFEST_UNKNOWN"])
      var several = HTTPFields()
      several.append(HTTPField(name: .accept, value: MediaType.ociIndex.rawValue))
      several.append(HTTPField(name: .accept, value: MediaType.ociManifest.rawValue))
      #expect(try await repo.get("latest", several).status == 200)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a client without manifest lists gets the image for linux and amd64`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      var children: [(text: String, descriptor: String)] = []
      for architecture in ["arm64", "amd64"] {
        let image = try await repo.image(architecture, mediaType: .dockerManifest)
        let digest = Repo.digest(Array(image.utf8))
        #expect(try await repo.put(image, at: digest.description).status == 201)
        let platform = #","platform":{"os":"linux","architecture":"\#(architecture)"}"#
        children.append(
          (image, Repo.descriptor(Array(image.utf8), digest, MediaType.dockerManifest.rawValue, more: platform)))
      }
      let list =
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifestList.rawValue)","#
        + #""manifests":[\#(children[0].descriptor),\#(children[1].descriptor)]}"#
      #expect(try await repo.put(list, at: "list").status == 201)
      #expect(try await repo.get("list").text == list)
      let child = try await repo.get("list", [.accept: MediaType.dockerManifest.rawValue])
      #expect(child.text == children[1].text)
      #expect(child["Content-Type"] == MediaType.dockerManifest.rawValue)
      #expect(child["Docker-Content-Digest"] == (Repo.digest(Array(child.body)).description))
      let old = try await repo.get("list", [.accept: MediaType.dockerSchema1Signed.rawValue])
      #expect(old.status == 400)
    }
  }

  @Test(arguments: Deployment.withoutCache)
  func `torn links and content count as absent and are mended by the next push`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let name = try #require(RepositoryName(repo.name))
      // Content of its own: other tests share the storage.
      let digest = try await repo.push("latest", seed: repo.name)
      for path in [
        StorageLayout.tagCurrentLink(name, try #require(Tag("latest"))), StorageLayout.revisionLink(name, digest),
        StorageLayout.blobData(digest),
      ] {
        for torn in [[], Array("sha256:".utf8)] {
          try await site.driver.put(torn, at: path, durability: .process)
          #expect(try await repo.get("latest").status == 404)
          try await repo.push("latest", seed: repo.name)
          #expect(try await repo.get("latest").status == 200)
        }
      }
    }
  }

  @Test(arguments: Deployment.allCases, [true, false])
  func `schema 1 is kept and answered with a clear error`(
    deployment: Deployment, amongLayers: Bool
  ) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let name = try #require(RepositoryName(repo.name))
      let content = Array(#"{"schemaVersion": 1, "name": "a", "tag": "1.0", "fsLayers": []}"#.utf8)
      let digest = Repo.digest(content)
      let link = Array(digest.description.utf8)
      try await site.driver.put(content, at: StorageLayout.blobData(digest), durability: .process)
      let place = amongLayers ? StorageLayout.layerLink(name, digest) : StorageLayout.revisionLink(name, digest)
      try await site.driver.put(link, at: place, durability: .process)
      try await site.driver.put(
        link, at: StorageLayout.tagCurrentLink(name, try #require(Tag("1.0"))), durability: .process)
      for reference in ["1.0", digest.description] {
        let answer = try await repo.get(reference)
        #expect(answer.status == 404)
        #expect(answer.text.contains("schema 1"))
      }
      #expect(try await repo.tags().text.contains(#"["1.0"]"#))
      #expect(try await repo.delete(digest.description).status == 202)
      // Nothing else was in the repository.
      #expect(try await repo.tags().status == 404)
    }
  }
}
