import HTTPTypes
import TestSupport
import Testing

@testable import Core

/// What proxies, and clients in their place, say of the way that a request came.
@Suite(.ownThread) struct ForwardedFuzzTests {
  @Test func `whatever is forwarded, an origin is a URL of a host`() async throws {
    let network = try #require(Configuration.TrustedProxy("10.0.0.0/8"))
    let proxies = TrustedProxies([network])
    let names: [HTTPField.Name] = [
      .host, .forwarded, .xForwardedHost, .xForwardedProto, .xForwardedPort, .xForwardedFor,
    ]
    await Fuzzer.run([
      "for=1.2.3.4;host=\"a.test:7\";proto=https, for=\"[fd00::1]:99\";host=b.test", "a.test, b.test:8443",
      "https,http",
      "8443", "1.2.3.4, 10.0.0.9", "[2001:db8::1]:5000",
    ]) { bytes in
      let value = String(decoding: bytes, as: UTF8.self)
      guard HTTPField.isValidValue(value) else { return }
      for name in names {
        var fields: HTTPFields = [.host: "registry.test"]
        fields[name] = value
        for peer in ["10.0.0.1", "192.0.2.1"] {
          let request = Request(
            method: .post, path: "/v2/", fields: fields, body: MemoryBody([]), id: "fuzz", peerAddress: peer)
          guard let origin = proxies.origin(of: request) else { continue }
          #expect(WebURL(origin)?.origin == origin)
        }
      }
    }
  }
}
