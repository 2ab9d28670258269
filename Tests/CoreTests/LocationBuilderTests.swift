import HTTPTypes
import TestSupport
import Testing

@testable import Core

@Suite struct LocationBuilderTests {
  private func request(_ fields: HTTPFields) -> Request {
    Request(method: .get, path: "/v2/", fields: fields, body: MemoryBody([]), id: "test")
  }

  @Test func `is absolute unless configured otherwise`() throws {
    var http = Configuration.HTTP()
    http.prefix = "/hub/"
    let name = try #require(RepositoryName("a/b"))
    let called = request([.host: "registry.test:5000"])
    #expect(
      LocationBuilder(http: http).manifest(called, name, "1") == "http://registry.test:5000/hub/v2/a/b/manifests/1")
    #expect(LocationBuilder(http: http).manifest(request([:]), name, "1") == "/hub/v2/a/b/manifests/1")
    http.host = "https://hub.test"
    for request in [called, request([:]), request([.host: "a b"])] {
      #expect(LocationBuilder(http: http).manifest(request, name, "1") == "https://hub.test/hub/v2/a/b/manifests/1")
    }
    http.relativeURLs = true
    #expect(LocationBuilder(http: http).manifest(called, name, "1") == "/hub/v2/a/b/manifests/1")
  }
}
