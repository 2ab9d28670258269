import HTTPTypes
import Testing

@testable import Core

@Suite struct RouteTests {
  static let hex = String(repeating: "a", count: 64)
  static let id = "0f8fad5b-d9cb-469f-a165-70867728950e"

  private func route(_ path: String, prefix: String = "/") throws -> Route {
    try Route(path: path, prefix: prefix)
  }

  private func name(_ text: String) throws -> RepositoryName { try #require(RepositoryName(text)) }

  @Test func `finds each resource`() throws {
    let digest = try #require(Digest("sha256:" + Self.hex))
    #expect(try route("/v2/") == .base)
    #expect(try route("/v2") == .base)
    #expect(try route("/v2/_catalog") == .catalog)
    #expect(try route("/v2/a/b/tags/list") == .tags(name("a/b")))
    #expect(try route("/v2/a/manifests/latest") == .manifest(name("a"), .tag(#require(Tag("latest")))))
    #expect(try route("/v2/a/manifests/\(digest)") == .manifest(name("a"), .digest(digest)))
    #expect(try route("/v2/a/blobs/\(digest)") == .blob(name("a"), digest))
    #expect(try route("/v2/a/blobs/uploads/") == .uploads(name("a")))
    #expect(try route("/v2/a/blobs/uploads") == .uploads(name("a")))
    #expect(try route("/v2/a/blobs/uploads/\(Self.id)") == .upload(name("a"), #require(UploadID(Self.id))))
    #expect(try route("/v2/a/referrers/\(digest)") == .referrers(name("a"), digest))
    #expect(try route("/v2/a/b/_berth/repository") == .repository(name("a/b")))
    #expect(try route("/v2/a/b/_berth/tags/x/history") == .tagHistory(name("a/b"), #require(Tag("x"))))
    #expect(try route("/hub/v2/a/tags/list", prefix: "/hub/") == .tags(name("a")))
  }

  @Test func `names may hold what endpoints are called`() throws {
    #expect(try route("/v2/tags/list/tags/list") == .tags(name("tags/list")))
    #expect(try route("/v2/blobs/uploads/manifests/1") == .manifest(name("blobs/uploads"), .tag(#require(Tag("1")))))
    #expect(try route("/v2/a/blobs/blobs/uploads/") == .uploads(name("a/blobs")))
    #expect(try route("/v2/tags/_berth/tags/_berth/history") == .tagHistory(name("tags"), #require(Tag("_berth"))))
    #expect(
      try route("/v2/a/_berth/tags/manifests/history") == .tagHistory(name("a"), #require(Tag("manifests"))))
    #expect(try route("/v2/a/manifests/_berth") == .manifest(name("a"), .tag(#require(Tag("_berth")))))
    #expect(try route("/v2/v2/manifests/manifests") == .manifest(name("v2"), .tag(#require(Tag("manifests")))))
  }

  @Test func `an encoded character is what it stands for`() throws {
    let digest = try #require(Digest("sha256:" + Self.hex))
    #expect(try route("/v2/a/blobs/sha256%3A\(Self.hex)") == .blob(name("a"), digest))
    #expect(try route("/v2/%61/tags/list") == .tags(name("a")))
  }

  @Test(arguments: [
    ("/v2/a%2Fb/tags/list", "NAME_INVALID"), ("/v2/a/%2e%2e/b/tags/list", "NAME_INVALID"),
    ("/v2/../tags/list", "NAME_INVALID"), ("/v2/a//b/tags/list", "NAME_INVALID"), ("/v2//tags/list", "NAME_INVALID"),
    ("/v2/A/tags/list", "NAME_INVALID"), ("/v2/a%00/tags/list", "NAME_INVALID"), ("/v2/a%/tags/list", "NAME_INVALID"),
    ("/v2/a%ff/tags/list", "NAME_INVALID"), ("/v2/_a/tags/list", "NAME_INVALID"),
    ("/v2/a___b/tags/list", "NAME_INVALID"),
    ("/v2/tags/list", "NAME_INVALID"), ("/v2/a/manifests/.x", "TAG_INVALID"), ("/v2/a/manifests/", "TAG_INVALID"),
    ("/v2/a/manifests/sha256:12", "DIGEST_INVALID"), ("/v2/a/blobs/sha384:12", "DIGEST_INVALID"),
    ("/v2/a/blobs/", "DIGEST_INVALID"), ("/v2/a/referrers/latest", "DIGEST_INVALID"),
    ("/v2/a/blobs/uploads/nonsense", "BLOB_UPLOAD_UNKNOWN"), ("/v2/a/blobs/uploads/..%2f..", "BLOB_UPLOAD_UNKNOWN"),
    ("/v1/", "NAME_UNKNOWN"), ("/", "NAME_UNKNOWN"), ("", "NAME_UNKNOWN"), ("/v2/a", "NAME_UNKNOWN"),
    ("/v2/a/other/b", "NAME_UNKNOWN"), ("/v2/_berth/repository", "NAME_INVALID"),
    ("/v2/a%2Fb/_berth/repository", "NAME_INVALID"), ("/v2/a/../_berth/repository", "NAME_INVALID"),
    ("/v2/a/_berth/repository/", "NAME_UNKNOWN"), ("/v2/a/_berth/", "NAME_UNKNOWN"),
    ("/v2/a/_berth/tags/..%2f..%2f_layers/history", "TAG_INVALID"), ("/v2/a/_berth/tags//history", "TAG_INVALID"),
  ])
  func `refuses what is outside the grammar`(path: String, code: String) throws {
    let error = try #require(throws: RegistryError.self) { try Route(path: path, prefix: "/") }
    #expect(error.entries.first?.code.name == code)
    #expect((400..<500).contains(error.status.code))
  }

  @Test(arguments: ["a", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c", "0", "library/hello-world"])
  func `takes names of the grammar`(text: String) {
    #expect(RepositoryName(text)?.description == text)
  }

  @Test func `bounds names and tags`() {
    #expect(RepositoryName(String(repeating: "a", count: 255)) != nil)
    #expect(RepositoryName(String(repeating: "a", count: 256)) == nil)
    #expect(Tag(String(repeating: "a", count: 128)) != nil)
    #expect(Tag(String(repeating: "a", count: 129)) == nil)
    #expect(Tag("..") == nil)
    #expect(Tag("a\n") == nil)
  }
}
