import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import FCGIApp

private func nginx(_ text: String, _ part: NginxConfiguration.Part = .complete) throws -> String {
  try NginxConfiguration(configuration: NginxServer.configuration("version: 0.1\n" + text)).text(part)
}

@Suite(.ownThread) struct NginxConfigurationTests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The registry that nginx/site.conf is for.
  private static let site = """
    version: 0.1
    storage: filesystem
    http:
      addr: :443
      host: https://registry.example.com
      tls: {letsencrypt: {hosts: [registry.example.com]}}
    """

  @Test(arguments: [
    ("berth-http.conf", "version: 0.1\nstorage: filesystem", NginxConfiguration.Part.http),
    ("berth.conf", "version: 0.1\nstorage: filesystem", .server),
    ("site.conf", site, .site),
  ])
  func `a file in nginx/ is what the generator makes`(
    _ name: String, _ configuration: String, _ part: NginxConfiguration.Part
  ) throws {
    let file = Self.repository.appendingPathComponent("nginx/\(name)")
    let expected = try NginxConfiguration(configuration: NginxServer.configuration(configuration)).text(part)
    #expect(try String(contentsOf: file, encoding: .utf8) == expected, "berth nginx --part \(part) would mend it")
  }

  @Test(arguments: [
    "storage: filesystem",
    "storage: inmemory",
    "storage: {filesystem: {rootdirectory: \"/srv/my \\\"registry\\\";}\"}}",
    "storage: filesystem\nhttp: {addr: \"[::1]:5000\", prefix: /my.registry/}\nfastcgi: {address: \"[::1]:9000\"}",
    "storage: filesystem\nhttp: {addr: \":5000\", host: \"https://example.com:5443\"}\nfastcgi: {address: localhost:9000}",
    "storage: filesystem\nhttp: {net: unix, addr: /run/registry.sock}",
    "storage: filesystem\nhttp: {headers: {X-A: [\"a \\\"b\\\"; c\", d], Access-Control-Allow-Origin: ['*']}}",
    "storage: filesystem\nfastcgi: {accelprefix: \"\"}",
    "storage: {filesystem: {rootdirectory: \"/srv/a\\\"\\u0301; b\"}}",
  ])
  func `nginx accepts the complete configuration`(_ text: String) throws {
    try Self.check(try nginx(text))
  }

  @Test func `pages of other hosts can read the errors that nginx makes itself`() throws {
    let text = try nginx("storage: filesystem\nhttp: {headers: {Access-Control-Allow-Origin: ['*']}}")
    var count = 0
    for block in text.components(separatedBy: "location @").dropFirst() {
      let parts = block.components(separatedBy: "return ")
      // A status and a body. `_range_invalid` keeps the fields of the blob.
      guard parts.count > 1, "'$".contains(parts[1].dropFirst(4).prefix(1)), !parts[0].contains("_range_invalid {")
      else { continue }
      #expect(parts[0].contains(#"add_header Access-Control-Allow-Origin "*" always;"#), "\(parts[0])")
      count += 1
    }
    #expect(count >= 4)
  }

  @Test(arguments: [
    "minimumtls: tls1.3", "ciphersuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]",
    "clientcas: [CERT], clientauth: request-client-cert", "clientcas: [CERT], clientauth: require-any-client-cert",
    "clientcas: [CERT], clientauth: verify-client-cert-if-given", "clientcas: [CERT]",
  ])
  func `nginx accepts what is said of TLS`(_ options: String) throws {
    let folder = try TemporaryFolder()
    let certificate = folder / "cert.pem"
    try Self.makeCertificate(certificate, key: folder / "key.pem")
    let options = options.replacingOccurrences(of: "CERT", with: certificate)
    for http2 in ["", "http2: {disabled: true}, "] {
      let text = try nginx(
        """
        storage: filesystem
        http: {addr: ":443", \(http2)tls: {certificate: \(certificate), key: \(folder / "key.pem"), \(options)}}
        """)
      #expect(text.contains("listen 443 ssl\(http2.isEmpty ? " http2" : "");"))
      try Self.check(text)
    }
  }

  @Test func `the parts go together in an nginx.conf of one's own`() throws {
    let text = """
      pid nginx.pid;
      error_log stderr;
      events {}
      http {
        access_log off;
        client_body_temp_path a; fastcgi_temp_path b; proxy_temp_path c; scgi_temp_path d; uwsgi_temp_path e;
        \(try nginx("storage: filesystem", .http))
        server {
          listen 127.0.0.1:5000;
          location / { return 204; }
          \(try nginx("storage: filesystem", .server))
        }
      }
      """
    try Self.check(text)
  }

  @Test(arguments: [
    ("storage: {filesystem: {rootdirectory: \"/srv/$registry\"}}", "storage.filesystem.rootdirectory"),
    ("storage: {filesystem: {rootdirectory: \"/srv/a\\nb\"}}", "storage.filesystem.rootdirectory"),
    ("storage: filesystem\nhttp: {headers: {X-A: [\"$host\"]}}", "http.headers.X-A"),
    ("storage: filesystem\nhttp: {tls: {certificate: /c, key: /k, clientcas: [/a, /b]}}", "http.tls.clientcas"),
  ])
  func `what nginx can't express is an error that names the key`(_ text: String, _ key: String) {
    #expect {
      try nginx(text)
    } throws: { error in
      (error as? NginxError)?.key == key
    }
  }

  @Test func `a combining mark hides nothing that must be escaped`() throws {
    #expect(try nginxQuoted("a\"\u{301};\\\u{301}", of: "") == "\"a\\\"\u{301};\\\\\u{301}\"")
    #expect(".\u{301}x".escaping(".") == "\\.\u{301}x")
  }

  @Test(arguments: [
    ("[TLS_AES_128_GCM_SHA256]", "TLSv1.3", false),
    ("[TLS_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA]", "TLSv1.2 TLSv1.3", true),
    ("[]", "TLSv1.2 TLSv1.3", false),
  ])
  func `where all suites are those of TLS 1.3, it is the only version`(
    _ suites: String, _ protocols: String, _ namesCiphers: Bool
  ) throws {
    let text = try nginx("storage: filesystem\nhttp: {tls: {certificate: /c, key: /k, ciphersuites: \(suites)}}")
    #expect(text.contains("ssl_protocols \(protocols);") && text.contains("ssl_ciphers") == namesCiphers)
  }

  @Test func `clients are sent from http to https where that is the usual port`() throws {
    let site = try NginxConfiguration(configuration: NginxServer.configuration(Self.site)).text(.site)
    #expect(site.contains("listen 80;") && site.contains("return 308 https://$host$request_uri;"))
    #expect(site.contains("ssl_certificate /etc/letsencrypt/live/registry.example.com/fullchain.pem;"))
    #expect(!(try nginx("storage: filesystem").contains("308")))
  }

  /// Asks nginx; throws with what it says where it refuses.
  private static func check(_ text: String) throws {
    let folder = try TemporaryFolder()
    try text.write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
    _ = try ChildProcess.output(["/usr/sbin/nginx", "-t", "-q", "-p", folder.path, "-c", folder / "nginx.conf"])
  }

  static func makeCertificate(_ certificate: String, key: String) throws {
    _ = try ChildProcess.output([
      "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-subj", "/CN=registry.test", "-keyout", key, "-out", certificate,
    ])
  }
}
