import HTTPTypes
import TestSupport
import Testing

@testable import Core

@Suite struct TrustedProxiesTests {
  private func origin(
    _ fields: [(String, String)], from peer: String = "10.0.0.1", scheme: String = "http"
  ) throws -> String? {
    var all = HTTPFields()
    for (name, value) in fields { all.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
    let networks = try ["10.0.0.0/8", "192.0.2.7", "fd00::/8"].map { try #require(Configuration.TrustedProxy($0)) }
    return TrustedProxies(networks).origin(
      of: Request(
        method: .post, path: "/v2/", fields: all, body: MemoryBody([]), id: "test", scheme: scheme,
        remoteAddress: "198.51.100.1", peerAddress: peer))
  }

  @Test(arguments: [
    ("192.0.2.7", "192.0.2.7/32"), ("::ffff:10.0.0.5", "10.0.0.5/32"), ("2001:db8::1", "2001:db8::1/128"),
    ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("10.0.0.0/8", "10.0.0.0/8"),
  ])
  func `a proxy is an address or a network, of either version`(text: String, network: String) {
    #expect(Configuration.TrustedProxy(text)?.network == AddressRanges.Network(network))
    #expect(Configuration.TrustedProxy(text)?.text == text)
  }

  @Test(arguments: ["", "10.0.0.5/", "localhost", "10.0.0.5:80", "[::1]"])
  func `anything else is no proxy`(text: String) {
    #expect(Configuration.TrustedProxy(text) == nil)
  }

  @Test(
    arguments: [
      ([("Host", "a.test")], "http://a.test"), ([("Host", "a.test:5000")], "http://a.test:5000"),
      ([("Host", "[2001:db8::1]")], "http://[2001:db8::1]"), ([("Host", "[::1]:5000")], "http://[::1]:5000"),
      ([("Host", "192.0.2.1:80")], "http://192.0.2.1:80"), ([("Host", "A_b.test")], "http://A_b.test"),
      // What nobody vouches for.
      ([("Host", "a.test"), ("X-Forwarded-Host", "evil.test")], "http://a.test"),
      ([("Host", "a.test"), ("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Port", "1")], "http://a.test"),
      ([("Host", "a.test"), ("Forwarded", "host=evil.test;for=10.0.0.1")], "http://a.test"),
      ([("Host", "a.test"), ("X-Forwarded-Proto", "http")], "http://a.test"),
    ] as [([(String, String)], String)])
  func `without a proxy that is trusted, it is what the web server saw`(
    _ fields: [(String, String)], _ expected: String
  ) throws {
    for peer in ["198.51.100.1", "", "unix:", "192.0.2.8", "::1", "10.0.0.1, 10.0.0.1"] {
      #expect(try origin(fields, from: peer) == expected)
      #expect(try origin(fields, from: peer, scheme: "https") == "https" + expected.dropFirst(4))
    }
  }

  @Test(
    arguments: [
      [("Host", "a.test"), ("X-Forwarded-Proto", "https")], [("Host", "a.test"), ("X-Forwarded-Proto", "http, HTTPS")],
      [("Host", "a.test"), ("Forwarded", "proto=https")],
    ] as [[(String, String)]])
  func `where an unknown proxy is said to terminate TLS, it is not known`(_ fields: [(String, String)]) throws {
    #expect(try origin(fields, from: "198.51.100.1") == nil)
    #expect(try origin(fields, from: "198.51.100.1", scheme: "https") == "https://a.test")
  }

  @Test(
    arguments: [
      ([("Host", "a.test"), ("X-Forwarded-Proto", "https")], "https://a.test"),
      ([("Host", "a.test"), ("X-Forwarded-Proto", "HTTPS"), ("X-Forwarded-Port", "8443")], "https://a.test:8443"),
      ([("Host", "a.test"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443")], "https://a.test"),
      ([("Host", "a.test"), ("X-Forwarded-Port", "80")], "http://a.test"),
      ([("Host", "a.test:1"), ("X-Forwarded-Port", "2")], "http://a.test:1"),
      ([("Host", "[::1]"), ("X-Forwarded-Port", "8080")], "http://[::1]:8080"),
      ([("Host", "10.0.0.2"), ("X-Forwarded-Host", "[2001:db8::1]:8443")], "http://[2001:db8::1]:8443"),
      // A client's own value comes first, where a proxy appends.
      ([("Host", "a.test"), ("X-Forwarded-Host", "evil.test, b.test")], "http://b.test"),
      (
        [("Host", "a.test"), ("X-Forwarded-For", "1.2.3.4, 198.51.100.1"), ("X-Forwarded-Host", "evil.test,b.test")],
        "http://b.test"
      ),
      // Two proxies, both of which append.
      (
        [
          ("Host", "a.test"), ("X-Forwarded-For", "1.2.3.4, 198.51.100.1, 10.0.0.2"),
          ("X-Forwarded-Host", "evil.test, b.test, c.test"), ("X-Forwarded-Proto", "https, http"),
        ], "https://b.test"
      ),
      // Two proxies, one of which says all.
      (
        [
          ("Host", "a.test"), ("X-Forwarded-For", "198.51.100.1, fd00::2"), ("X-Forwarded-Host", "b.test"),
          ("X-Forwarded-Proto", "https"),
        ], "https://b.test"
      ),
      // A proxy that is not trusted before one that is.
      (
        [
          ("Host", "a.test"), ("X-Forwarded-For", "10.0.0.9, 203.0.113.5"), ("X-Forwarded-Host", "evil.test, b.test"),
          ("X-Forwarded-Proto", "https, http"),
        ], "http://b.test"
      ),
      ([("Host", "a.test"), ("Forwarded", "for=1.2.3.4;host=\"d.test:7\";proto=https")], "https://d.test:7"),
      ([("Host", "a.test"), ("Forwarded", "FOR=1.2.3.4 ; Host=d.test ;PROTO=https")], "https://d.test"),
      ([("Host", "a.test"), ("Forwarded", "host=evil.test, for=1.2.3.4;host=d.test")], "http://d.test"),
      (
        [
          ("Host", "a.test"),
          (
            "Forwarded",
            "host=evil.test, for=9.9.9.9;host=d.test;proto=https, for=\"[fd00::1]:99\";host=e.test;proto=http"
          ),
        ], "https://d.test"
      ),
      ([("Host", "a.test"), ("Forwarded", "for=9.9.9.9;proto=https, for=10.0.0.2;host=e.test")], "https://e.test"),
      ([("Host", "a.test"), ("Forwarded", "for=\"a,b;host=evil.test\";host=d.test")], "http://d.test"),
      ([("Host", "a.test"), ("Forwarded", "host=d.test"), ("X-Forwarded-Host", "evil.test")], "http://d.test"),
      // What can't be read says nothing.
      ([("Host", "a.test"), ("Forwarded", "host=\"d.test")], "http://a.test"),
      ([("Host", "a.test"), ("Forwarded", "")], "http://a.test"),
      ([("Host", "a.test"), ("X-Forwarded-Host", "")], "http://a.test"),
    ] as [([(String, String)], String)])
  func `a proxy that is trusted says how the client called`(
    _ fields: [(String, String)], _ expected: String
  ) throws {
    for peer in ["10.0.0.1", "192.0.2.7", "fd12::1", "::ffff:10.9.9.9"] {
      #expect(try origin(fields, from: peer) == expected)
    }
  }

  @Test(arguments: [
    ":", "a:b:c", "..", "a..b", "a b", "a.test:0", "a.test:65536", "[a.test]", "[::1", "u@a.test", "a.test/x", "",
    "a.test\"><script>", "[::1]x", "[1:2]", "a%2e", "a.test.", "\u{e9}.test", "[fe80::1%25eth0]",
    String(repeating: "a", count: 256),
  ])
  func `what is no host is in no URL`(host: String) throws {
    #expect(try origin([("Host", host)]) == nil)
    #expect(try origin([("Host", "a.test"), ("Forwarded", "host=\"\(host.replacing("\"", with: "\\\""))\"")]) == nil)
    guard !host.isEmpty else { return }
    #expect(try origin([("Host", "a.test"), ("X-Forwarded-Host", host)]) == nil)
  }

  @Test(arguments: ["javascript", "ftp", "", "https:"])
  func `another scheme is in no URL`(_ scheme: String) throws {
    #expect(try origin([("Host", "a.test"), ("Forwarded", "proto=\"\(scheme)\"")]) == nil)
  }

  @Test(arguments: ["0", "65536", "x", "-1", "99999999999999999999"])
  func `what is no port is in no URL`(_ port: String) throws {
    #expect(try origin([("Host", "a.test"), ("X-Forwarded-Port", port)]) == nil)
  }
}
