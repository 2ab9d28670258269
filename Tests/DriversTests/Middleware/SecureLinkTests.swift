import Core
import TestSupport
import Testing

@testable import Drivers

@Suite struct SecureLinkTests {
  private static let blob = "/docker/registry/v2/blobs/sha256/ab/abcd/data"

  /// Made by Python's hashlib: base64url of MD5 over expiry, decoded path, a space and the secret.
  @Test(arguments: [
    ("https://x.test", "", Int64(1_767_225_600), "0123456789abcdef", "Wc2Zn-ClKfJm0QrJAhzf8w"),
    ("https://x.test/files/", "/files", 2_147_483_647, "a longer secret of letters", "LulNxA_7GT5VDZzPZIOVmA"),
    ("http://x.test:81/a%20b", "/a%20b", 1, "0123456789abcdef", "6aj7HitxD4AfCq_nultuFA"),
  ])
  func `a URL is signed as nginx's secure_link wants it`(
    base: String, prefix: String, expiry: Int64, secret: String, signature: String
  ) throws {
    let base = try #require(BaseURL(base))
    let url = try SecureLink(base, secret: Secret(secret)).url(of: path(Self.blob), expiry: expiry)
    #expect(url == "\(base.url.origin)\(prefix)\(Self.blob)?md5=\(signature)&expires=\(expiry)")
  }

  @Test func `a link lasts for the configured time`() async throws {
    var options = Configuration.Middleware.Redirect()
    options.baseURL = BaseURL("https://x.test")
    options.secret = "0123456789abcdef"
    options.duration = .seconds(90)
    let before = WallClock.seconds(after: .seconds(90))
    let url = try await RedirectMiddleware(options).directURL(
      for: path("/x"), answering: DownloadRequest(clientAddress: ""), over: InMemoryDriver())
    let after = WallClock.seconds(after: .seconds(90))
    guard case .url(let text)? = url else { throw StorageError(.failed, "no URL") }
    let expiry = try #require(Int64(text.split(separator: "=").last ?? ""))
    #expect((before...after).contains(expiry))
  }

  @Test(arguments: ["https://x.test", "https://x.test/", "https://x.test/a/b/"])
  func `without a secret the URL is docker-distribution's`(base: String) async throws {
    var options = Configuration.Middleware.Redirect()
    options.baseURL = BaseURL(base)
    let url = try await RedirectMiddleware(options).directURL(
      for: path(Self.blob), answering: DownloadRequest(clientAddress: ""), over: InMemoryDriver())
    #expect(url == .url((base.hasSuffix("/") ? String(base.dropLast()) : base) + Self.blob))
  }

  @Test func `without a base there is no middleware`() {
    #expect(throws: StorageError.self) { try RedirectMiddleware(.init()) }
  }
}
