import Testing

@testable import Core

@Suite struct WebURLTests {
  @Test(arguments: [
    ("http://a", WebURL.Scheme.http, "a", UInt16(80), "", String?.none),
    ("HTTPS://a.test/", .https, "a.test", 443, "/", nil),
    ("https://a:8443/b/c%20d?e=f&g", .https, "a", 8443, "/b/c%20d", "e=f&g"),
    ("http://[::1]:81?", .http, "::1", 81, "", ""),
    ("http://192.0.2.1/~a//b/..?/?", .http, "192.0.2.1", 80, "/~a//b/..", "/?"),
  ])
  func `a URL and its parts`(
    text: String, scheme: WebURL.Scheme, host: String, port: UInt16, path: String, query: String?
  ) throws {
    let url = try #require(WebURL(text))
    #expect(url.scheme == scheme)
    #expect(url.authority.host == host)
    #expect(url.port == port)
    #expect(url.path == path)
    #expect(url.query == query)
    #expect(url.text.lowercased() == text.lowercased())
  }

  @Test(arguments: [
    "", "a", "/a", "//a/b", "http:", "http:/a", "http://", "http:///b", "ftp://a", "s3://a", "unix:/a", "http://u@a",
    "http://u:p@a/", "http://a b/", "http://a/b c", "http://a/#b", "http://a/\n", "http://a/\u{0}", "http://a/ä",
    "http://ä/", "http://a/%", "http://a/%g0", "http://a/%ff", "http://a:", "http://a:0", "http://a:x",
    "http://a:65536",
    "http://[::1", "http://::1/", "http://a\"/", "http://a/\"", "http://a/<b>", "http://a\\b", "http://a%62/",
    "http://a/" + String(repeating: "b", count: 1 << 16),
  ])
  func `what is no URL of the web is none`(text: String) {
    #expect(WebURL(text) == nil)
  }

  @Test(arguments: [
    ("https://a.test", "https://a.test/x", ""), ("https://a.test/", "https://a.test/x", ""),
    ("http://a:81/b/c///", "http://a:81/b/c/x", "/b/c"), ("http://a/%62%20c%2Fd", "http://a/b%20c/d/x", "/b c/d"),
  ])
  func `paths follow a base`(text: String, expected: String, path: String) throws {
    let base = try #require(BaseURL(text))
    #expect(base.url(of: "/x") == expected)
    #expect(base.path == path)
  }

  @Test(arguments: [
    "https://a?b", "https://a/?", "https://a//b", "https://a/./b", "https://a/..", "https://a/%2e%2e/b",
    "https://a/b/.",
    "https://a/%00", "https://a/%0a", "a",
  ])
  func `what web servers would read otherwise is no base`(text: String) {
    #expect(BaseURL(text) == nil)
  }
}
