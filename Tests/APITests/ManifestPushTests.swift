import Core
import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct ManifestPushTests {
  @Test(arguments: Deployment.allCases)
  func `a manifest comes back byte for byte by tag and by digest`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      for mediaType in [nil, .ociManifest, .dockerManifest, MediaType(rawValue: "application/vnd.example.v1+json")] {
        let image = try await repo.image(mediaType: mediaType, more: #", "x" : [ 1e3 ] "#)
        let digest = Repo.digest(Array(image.utf8))
        let pushed = try await repo.put(image, at: "latest", as: mediaType)
        #expect(pushed.status == 201, "\(pushed.text)")
        #expect(pushed["Location"] == "http://registry.test/v2/\(repo.name)/manifests/\(digest)")
        #expect(pushed["Docker-Content-Digest"] == digest.description)
        for reference in ["latest", digest.description] {
          for method in [HTTPRequest.Method.get, .head] {
            let answer = try await site.client.send(method, "/v2/\(repo.name)/manifests/\(reference)")
            #expect(answer.status == 200)
            #expect(answer.text == (method == .head ? "" : image))
            #expect(answer["Content-Length"] == String(image.utf8.count))
            #expect(answer["Content-Type"] == (mediaType ?? .ociManifest).rawValue)
            #expect(answer["Docker-Content-Digest"] == digest.description)
            #expect(answer["ETag"] == "\"\(digest)\"")
            #expect(answer["Cache-Control"] == (reference == "latest" ? "no-cache" : "max-age=604800"))
          }
        }
      }
    }
  }

  @Test(arguments: Deployment.allCases, [Digest.Algorithm.sha256, .sha512])
  func `a push by digest may name tags`(deployment: Deployment, algorithm: Digest.Algorithm) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image()
      let digest = Repo.digest(Array(image.utf8), algorithm)
      let pushed = try await repo.put(image, at: "\(digest)?tag=b&tag=a&tag=b")
      #expect(pushed.status == 201, "\(pushed.text)")
      #expect(pushed["OCI-Tag"] == "b, a")
      #expect(try await repo.get("a")["Docker-Content-Digest"] == digest.description)
      #expect(try await repo.get(digest.description).text == image)
      #expect(try await repo.tags().text == #"{"name":"\#(repo.name)","tags":["a","b"]}"#)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a push with one bad tag changes nothing`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image()
      let digest = Repo.digest(Array(image.utf8))
      let bad = try await repo.put(image, at: "\(digest)?tag=good&tag=.bad")
      #expect(bad.status == 400)
      #expect(bad.codes == ["TAG_INVALID"])
      let long = (0..<20).map { "tag=\($0)" + String(repeating: "x", count: 120) }.joined(separator: "&")
      #expect(try await repo.put(image, at: "\(digest)?\(long)").status == 414)
      #expect(try await repo.get("good").status == 404)
      #expect(try await repo.get(digest.description).status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a digest that is not the content's is refused`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image()
      let other = Repo.digest([1])
      let answer = try await repo.put(image, at: other.description)
      #expect(answer.status == 400)
      #expect(answer.codes == ["DIGEST_INVALID"])
      #expect(try await repo.put(image, at: "sha256:bad").status == 400)
      #expect(try await repo.get(other.description).status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `every missing content is named`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let there = try await repo.blob("there")
      let absent = (0..<3).map { Repo.descriptor([9], Repo.digest([UInt8($0)]), "a/b") }
      let image = #"{"schemaVersion":2,"config":\#(absent[0]),"layers":[\#(there),\#(absent[1]),\#(absent[0])]}"#
      let answer = try await repo.put(image, at: "latest")
      #expect(answer.status == 400)
      #expect(answer.codes == ["MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"])
      for seed in 0..<2 { #expect(answer.text.contains(Repo.digest([UInt8(seed)]).description)) }
      let index = try await repo.put(#"{"schemaVersion":2,"manifests":[\#(absent[2])]}"#, at: "latest")
      #expect(index.codes == ["MANIFEST_BLOB_UNKNOWN"])
      #expect(try await repo.get("latest").status == 404)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a blob of another repository is not there`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let image = try await Repo(site).image()
      #expect(try await Repo(site).put(image, at: "latest").codes.first == "MANIFEST_BLOB_UNKNOWN")
    }
  }

  @Test(arguments: Deployment.allCases)
  func `an answer about many missing layers is short`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let absent = (0..<2000).map { Repo.descriptor([9], Repo.digest(Array("\($0)".utf8)), "a/b") }
      let config = try await repo.blob("config")
      let answer = try await repo.put(
        #"{"schemaVersion":2,"config":\#(config),"layers":[\#(absent.joined(separator: ","))]}"#, at: "latest")
      #expect(answer.status == 400)
      #expect(answer.codes.count == 100)
      #expect(answer.text.contains("and 1901 more"))
      #expect(answer.body.count <= 64 << 10)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a size that is not the content's is refused`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      for size in ["8", "0", "-1"] {
        let image = try await repo.image().replacing(#""size":7}]"#, with: #""size":\#(size)}]"#)
        let answer = try await repo.put(image, at: "latest")
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_INVALID"])
        #expect(answer.text.contains("layers[0].size"), "\(answer.text)")
      }
      let image = try await repo.image().replacing(#","size":7}]"#, with: "}]")
      #expect(try await repo.put(image, at: "latest").status == 201)
      #expect(try await repo.get("latest").text == image)
    }
  }

  @Test(arguments: [Deployment.inMemory, .cached, .nginx])
  func `a takeover takes every size`(deployment: Deployment) async throws {
    var options = DeploymentOptions()
    options.sizes = .lenient
    try await deployment.withSite(options) { site in
      let repo = Repo(site)
      for size in ["8", "0", "-1", "null"] {
        let image = try await repo.image().replacing(#""size":7}]"#, with: #""size":\#(size)}]"#)
        #expect(try await repo.put(image, at: "latest").status == 201)
        #expect(try await repo.get("latest").text == image)
      }
      let large = try await repo.image().replacing(#""size":7}]"#, with: #""size":9223372036854775808}]"#)
      #expect(try await repo.put(large, at: "latest").status == 400)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a Content-Type that is no media type is refused`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image()
      for type in ["json", "; charset=utf-8", "application / vnd.oci.image.manifest.v1+json", "a/b; x"] {
        let answer = try await repo.put(image, at: "latest", as: MediaType(rawValue: type))
        #expect(answer.status == 400, "\(type)")
        #expect(answer.codes == ["MANIFEST_INVALID"])
      }
      #expect(try await repo.get("latest").status == 404)
      let upper = MediaType(rawValue: "Application/VND.oci.image.manifest.v1+JSON; charset=utf-8")
      #expect(try await repo.put(image, at: "latest", as: upper).status == 201)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `indexes hold indexes and build caches`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image()
      try await repo.put(image, at: "image")
      let child = Repo.descriptor(
        Array(image.utf8), Repo.digest(Array(image.utf8)), MediaType.ociManifest.rawValue)
      let layer = try await repo.blob("layer a")
      let inner =
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex.rawValue)","manifests":[\#(child),\#(layer)]}"#
      #expect(try await repo.put(inner, at: "inner").status == 201)
      let innerDescriptor = Repo.descriptor(
        Array(inner.utf8), Repo.digest(Array(inner.utf8)), MediaType.ociIndex.rawValue)
      let outer = #"{"schemaVersion":2,"manifests":[\#(innerDescriptor)]}"#
      #expect(try await repo.put(outer, at: "outer").status == 201)
      #expect(try await repo.get("outer")["Content-Type"] == MediaType.ociIndex.rawValue)
      #expect(try await repo.put(#"{"schemaVersion":2,"manifests":[]}"#, at: "empty").status == 201)
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a layer elsewhere needs an allowed URL`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let config = try await repo.blob("config")
      let layer = Repo.descriptor(
        [1], Repo.digest([1]), "application/vnd.oci.image.layer.nondistributable.v1.tar",
        more: #","urls":["https://a.example/1"]"#)
      let answer = try await repo.put(#"{"schemaVersion":2,"config":\#(config),"layers":[\#(layer)]}"#, at: "latest")
      #expect(answer.status == 400)
      #expect(answer.text.contains("validation.manifests.urls"))
    }
  }

  @Test(arguments: Deployment.allCases)
  func `four mebibytes are the limit`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      let image = try await repo.image()
      let limit = 4 << 20
      let whole = image + String(repeating: " ", count: limit - image.utf8.count)
      #expect(try await repo.put(whole, at: "large").status == 201)
      #expect(try await repo.get("large").body.count == limit)
      for chunked in [false, true] {
        let answer = try await site.client.send(
          .put, "/v2/\(repo.name)/manifests/larger", body: Array((whole + " ").utf8), chunked: chunked)
        #expect(answer.status == 413)
        #expect(answer.codes == ["MANIFEST_INVALID"])
      }
    }
  }

  @Test(arguments: Deployment.allCases)
  func `a tag moves`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      let repo = Repo(site)
      for seed in ["a", "b", "a"] {
        let digest = try await repo.push("latest", seed: seed)
        #expect(try await repo.get("latest")["Docker-Content-Digest"] == digest.description)
      }
    }
  }
}
