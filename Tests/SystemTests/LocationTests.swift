import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// The URLs that clients are given, by the way that they came.
@Suite(.ownThread) struct LocationTests {
  /// nginx before a registry's nginx. Ends with its owner.
  private final class Proxies {
    /// Ports: of one proxy, of the first of two, and of one that is not trusted.
    let (one, outer, stranger): (UInt16, UInt16, UInt16)
    private let folder: TemporaryFolder
    private let nginx: ChildProcess

    init(before registry: UInt16) throws {
      folder = try TemporaryFolder()
      (one, outer, stranger) = try (FreePort.next(), FreePort.next(), FreePort.next())
      let inner = try FreePort.next()
      let seen = """
        proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Proto https;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        """
      try """
      pid nginx.pid; error_log stderr; events {}
      http {
        access_log off; client_body_temp_path a; fastcgi_temp_path b; proxy_temp_path c; scgi_temp_path d; uwsgi_temp_path e;
        server { listen 127.0.0.1:\(one); location / {
          proxy_bind 127.0.0.2; proxy_pass http://127.0.0.1:\(registry); \(seen) } }
        server { listen 127.0.0.1:\(stranger); location / {
          proxy_bind 127.0.0.9; proxy_pass http://127.0.0.1:\(registry); \(seen) proxy_set_header Host $http_host; } }
        server { listen 127.0.0.1:\(outer); location / {
          proxy_bind 127.0.0.3; proxy_pass http://127.0.0.1:\(inner); \(seen) } }
        server { listen 127.0.0.1:\(inner); location / {
          proxy_bind 127.0.0.2; proxy_pass http://127.0.0.1:\(registry);
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
          proxy_set_header X-Forwarded-Host "$http_x_forwarded_host, $http_host"; } }
      }
      """.write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
      nginx = try ChildProcess(
        ["/usr/sbin/nginx", "-p", folder.path, "-c", folder / "nginx.conf", "-g", "daemon off;"], log: folder / "log")
      let port = outer
      try Eventually.holds("the proxies listen") { (try? WireClient.Connection(port: port)) != nil }
    }
  }

  private static func locations(_ port: UInt16, _ prefix: String, _ fields: HTTPFields) async throws -> [String] {
    let client = WireClient(port: port)
    let name = Deployment.uniqueName()
    let begun = try await client.send(.post, "\(prefix)v2/\(name)/blobs/uploads/", fields)
    let upload = try #require(begun.fields[.location])
    let path = try #require(upload.firstRange(of: prefix + "v2/")).lowerBound
    let target = String(upload[path...])
    let patched = try await client.send(.patch, target, fields, body: Array("text".utf8))
    let digest = sha256(Array("text".utf8))
    let next = try #require(patched.fields[.location])
    let closed = try await client.send(
      .put, String(next[try #require(next.firstRange(of: prefix + "v2/")).lowerBound...]) + "&digest=" + digest, fields)
    #expect(begun.status == 202 && patched.status == 202 && closed.status == 201)
    let blob = try #require(closed.fields[.location])
    #expect(blob.hasSuffix("\(prefix)v2/\(name)/blobs/\(digest)"))
    return [upload, next, blob]
  }

  @Test(arguments: ["/", "/hub/"])
  func `a client is given the URL by which it called`(_ prefix: String) async throws {
    var options = DeploymentOptions()
    options.prefix = prefix
    options.environment = ["REGISTRY_HTTP_TRUSTEDPROXIES": "[127.0.0.2/31]"]
    let registry = try RegistryServer(options: options)
    let proxies = try Proxies(before: registry.port)
    let lies: HTTPFields = [
      try #require(HTTPField.Name("X-Forwarded-Host")): "evil.test",
      try #require(HTTPField.Name("X-Forwarded-Port")): "1",
    ]
    for host in ["registry.test", "registry.test:8443", "[::1]:8443", "[2001:db8::1]", "192.0.2.1:5000"] {
      for (port, scheme) in [(registry.port, "http"), (proxies.one, "https"), (proxies.outer, "https")] {
        for extra: HTTPFields in port == registry.port ? [[:], lies] : [[:]] {
          var fields = extra
          fields[.host] = host
          for location in try await Self.locations(port, prefix, fields) {
            #expect(location.hasPrefix("\(scheme)://\(host)\(prefix)v2/"), "\(location)")
          }
        }
      }
      // It may be one that terminates TLS.
      for location in try await Self.locations(proxies.stranger, prefix, [.host: host]) {
        #expect(location.hasPrefix(prefix + "v2/"), "\(location)")
      }
    }
  }

  @Test func `relative URLs are for the asking`() async throws {
    var options = DeploymentOptions()
    options.relativeURLs = true
    let registry = try RegistryServer(options: options)
    for location in try await Self.locations(registry.port, "/", [:]) { #expect(location.hasPrefix("/v2/")) }
  }
}
