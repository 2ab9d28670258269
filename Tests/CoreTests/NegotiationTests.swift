import Testing

@testable import Core

@Suite struct NegotiationTests {
  private static let docker = "\(MediaType.dockerManifest.rawValue), \(MediaType.dockerManifestList.rawValue);q=0.5"

  @Test(
    arguments: [
      (nil, MediaType.ociManifest, true, Negotiation.serve),
      ("", .ociManifest, true, .serve),
      ("*/*", .ociIndex, true, .serve),
      ("text/html, */*;q=0.1", .ociIndex, true, .serve),
      ("application/vnd.oci.image.manifest.v1+json", .ociManifest, true, .serve),
      ("x/y,\tapplication/vnd.oci.image.manifest.v1+json ; q=1", .ociManifest, true, .serve),
      (docker, .ociManifest, true, .refuse("OCI manifest found, but accept header does not support OCI manifests")),
      (docker, .ociIndex, false, .refuse("OCI index found, but accept header does not support OCI indexes")),
      (docker, .dockerManifestList, true, .serve),
      ("application/vnd.docker.distribution.manifest.v2+json", .dockerManifestList, true, .serveDefaultPlatform),
      ("application/vnd.docker.distribution.manifest.v2+json", .dockerManifestList, false, .serve),
      ("application/vnd.oci.image.manifest.v1+json", .dockerManifest, true, .serve),
      (
        "application/vnd.oci.image.manifest.v1+jsonx", .ociManifest, true,
        .refuse("OCI manifest found, but accept header does not support OCI manifests")
      ),
      (docker, MediaType(rawValue: "application/vnd.example"), true, .serve),
    ] as [(String?, MediaType, Bool, Negotiation)])
  func `answers what a client accepts`(accept: String?, stored: MediaType, byTag: Bool, expected: Negotiation) {
    #expect(Negotiation(stored, accepting: AcceptedTypes(accept), byTag: byTag) == expected)
  }
}

@Suite struct URLPolicyTests {
  private static let long = "https://a.example/" + String(repeating: "a", count: 3000)
  /// Keeps a backtracking engine busy for ever.
  private static let hostile = "http://" + String(repeating: "a.", count: 50_000) + "x/"

  @Test(
    arguments: [
      (["^https?://a\\.example/"], [], "https://a.example/x", true),
      (["^https?://a\\.example/"], [], "https://b.example/a.example/", false),
      ([], ["^https?://a\\.example/"], "https://a.example/x", false),
      ([], ["^https?://a\\.example/"], "https://b.example/x", true),
      (["example"], ["secret"], "https://a.example/secret", false),
      ([".*"], [], "ftp://a.example/x", false),
      ([".*"], [], "https://a.example/x#fragment", false),
      ([".*"], [], URLPolicyTests.long, true),
      ([], [], "https://a.example/x", false),
      (["nothing", "a.example"], ["nowhere"], "https://a.example/x", true),
      ([#"^https?://([^/]+\.)*example\.com/"#], [], URLPolicyTests.hostile, false),
      ([], [#"^https?://([^/]+\.)*example\.com/"#], URLPolicyTests.hostile, true),
    ] as [([String], [String], String, Bool)])
  func `permits the URLs of the configuration`(allow: [String], deny: [String], url: String, expected: Bool) throws {
    var validation = Configuration.Validation()
    validation.allowedURLs = try allow.map { try LinearPattern($0) }
    validation.deniedURLs = try deny.map { try LinearPattern($0) }
    #expect(URLPolicy(validation).permits(url) == expected)
  }
}
