import HTTPTypes
import TestSupport
import Testing

@testable import Core

@Suite struct LocationBuilderTests {
  private func request(_ fields: HTTPFields, scheme: String = "http") -> Request {
    Request(method: .get, path: "/v2/", fields: fields, body: MemoryBody([]), id: "test", scheme: scheme)
  }

  @Test func `is relative unless configured otherwise`() throws {
    var http = Configuration.HTTP()
    http.prefix = "/hub/"
    let name = try #require(RepositoryName("a/b"))
    let fields: HTTPFields = [.host: "registry.test:5000"]
    #expect(LocationBuilder(http: http).manifest(request(fields), name, "1") == "/hub/v2/a/b/manifests/1")
    http.relativeURLs = false
    #expect(
      LocationBuilder(http: http).manifest(request(fields), name, "1")
        == "http://registry.test:5000/hub/v2/a/b/manifests/1")
    http.host = "https://hub.test"
    #expect(
      LocationBuilder(http: http).manifest(request(fields), name, "1") == "https://hub.test/hub/v2/a/b/manifests/1")
  }

  @Test(arguments: [
    ([("Host", "a.test")], "http://a.test"),
    ([("Host", "a.test"), ("X-Forwarded-Proto", "https")], "https://a.test"),
    (
      [("Host", "a.test"), ("X-Forwarded-Host", "b.test, c.test"), ("X-Forwarded-Proto", "https,http")],
      "https://b.test"
    ),
    ([("Host", "a.test"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "8443")], "https://a.test:8443"),
    ([("Host", "a.test"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443")], "https://a.test"),
    ([("Host", "a.test:1"), ("X-Forwarded-Port", "2")], "http://a.test:1"),
    ([("Host", "[::1]"), ("X-Forwarded-Port", "8080")], "http://[::1]:8080"),
    (
      [("Host", "a.test"), ("Forwarded", "for=1.2.3.4;host=\"d.test:7\";proto=https, host=e.test")], "https://d.test:7"
    ),
    ([("Host", "a.test"), ("X-Forwarded-Host", " b.test ,c.test")], "http://b.test"),
    ([("Host", "a.test\"><script>")], nil), ([("Host", "a.test/..")], nil), ([], nil),
    ([("Host", "a.test"), ("X-Forwarded-Proto", "javascript")], nil),
  ])
  func `follows the client's way to the registry`(fields: [(String, String)], origin: String?) throws {
    var all = HTTPFields()
    for (name, value) in fields { all.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
    #expect(LocationBuilder.origin(request(all)) == origin)
  }

  @Test(arguments: [
    ":", "a:b:c", "..", "a..b", "a b", "a.test:0", "a.test:65536", "[a.test]", "[::1", "u@a.test", "a.test/x",
  ])
  func `what is no host is in no URL`(host: String) {
    #expect(LocationBuilder.origin(request([.host: "a.test", .xForwardedHost: host])) == nil)
  }
}
