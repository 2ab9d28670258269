import Core

/// A server's directives for addresses, names and TLS.
struct NginxListeners {
  /// For the server.
  private(set) var text = ""
  /// A server that sends clients from http to https, with an empty line after it; empty where there is none.
  private(set) var redirect = ""

  /// - Parameter sessions: name of the TLS session cache that nginx's workers share.
  init(_ http: Configuration.HTTP, sessions: String) throws(NginxError) {
    let tls = http.tls
    let names = try Self.names(http).joined(separator: " ")
    let suffix = tls.isEnabled ? (http.http2.disabled ? " ssl" : " ssl http2") : ""
    let (host, port) = Self.hostAndPort(http)
    for address in Self.addresses(host) { text += "listen \(address)\(port)\(suffix);\n" }
    text += "server_name \(names);\n"
    guard tls.isEnabled else { return }
    text += try Self.tls(tls, sessions)
    if port == 443 {
      let listeners = Self.addresses(host).map { "    listen \($0)80;\n" }.joined()
      redirect = """
        server {
        \(listeners)    server_name \(names);
            return 308 https://$host$request_uri;
        }


        """
    }
  }

  private static func hostAndPort(_ http: Configuration.HTTP) -> (host: String, port: UInt16) {
    switch http.address {
    case .tcp(let host, let port): (host, port)
    // The socket is for the workers; clients use the standard port.
    case .unix: ("", http.tls.isEnabled ? 443 : 80)
    }
  }

  private static func addresses(_ host: String) -> [String] {
    if host.isEmpty { return ["", "[::]:"] }
    return [host.contains(":") ? "[\(host)]:" : "\(host):"]
  }

  /// The registry's host names; `_` where none is configured.
  private static func names(_ http: Configuration.HTTP) throws(NginxError) -> [String] {
    if let host = http.host, let authority = host.split(separator: "/").last {
      var name = authority
      if !name.hasSuffix("]"), let colon = name.lastIndex(of: ":") { name = name[..<colon] }
      return [try nginxQuoted(String(name), of: "http.host")]
    }
    var names: [String] = []
    for host in http.tls.letsEncrypt.hosts { names.append(try nginxQuoted(host, of: "http.tls.letsencrypt.hosts")) }
    return names.isEmpty ? ["_"] : names
  }

  private static func tls(_ tls: Configuration.TLS, _ sessions: String) throws(NginxError) -> String {
    var (certificate, key) = (tls.certificate, tls.key)
    if certificate.isEmpty {
      // Where certbot puts its certificates.
      let folder = "/etc/letsencrypt/live/\(tls.letsEncrypt.hosts[0])"
      (certificate, key) = (folder + "/fullchain.pem", folder + "/privkey.pem")
    }
    let versions: [(Configuration.TLS.Version, String)] = [
      (.tls10, "TLSv1"), (.tls11, "TLSv1.1"), (.tls12, "TLSv1.2"), (.tls13, "TLSv1.3"),
    ]
    let suites = tls.cipherSuites.compactMap(CipherSuite.init(name:))
    // If only suites of TLS 1.3 are offered, older versions have none in common with clients.
    let minimum = !suites.isEmpty && suites.allSatisfy(\.isTLS13) ? .tls13 : tls.minimum
    let protocols = versions.filter { $0.0 >= minimum }.map(\.1).joined(separator: " ")
    var text = """

      ssl_certificate \(try nginxQuoted(certificate, of: "http.tls.certificate"));
      ssl_certificate_key \(try nginxQuoted(key, of: "http.tls.key"));
      ssl_protocols \(protocols);
      ssl_prefer_server_ciphers off;
      ssl_session_cache shared:\(sessions)_tls:10m;
      ssl_session_timeout 1d;
      ssl_session_tickets off;

      """
    // nginx has no directive of its own for the suites of TLS 1.3.
    let ciphers = suites.filter { !$0.isTLS13 }.map(\.openSSLName)
    if !ciphers.isEmpty { text += "ssl_ciphers \(ciphers.joined(separator: ":"));\n" }
    return text + (try clientCertificates(tls))
  }

  private static func clientCertificates(_ tls: Configuration.TLS) throws(NginxError) -> String {
    guard let authorities = tls.clientCAs.first else { return "" }
    guard tls.clientCAs.count == 1 else {
      throw NginxError(
        "http.tls.clientcas",
        "nginx takes one file with the authorities of client certificates, and here are \(tls.clientCAs.count)",
        remedy: "put them together: cat \(tls.clientCAs.joined(separator: " ")) > clients.pem")
    }
    let file = "ssl_client_certificate \(try nginxQuoted(authorities, of: "http.tls.clientcas"));\n"
    return switch tls.clientAuth {
    case .request: file + "ssl_verify_client optional_no_ca;\n"
    case .requireAny:
      file + "ssl_verify_client optional_no_ca;\nif ($ssl_client_verify = NONE) {\n    return 496;\n}\n"
    case .verifyIfGiven: file + "ssl_verify_client optional;\n"
    case .requireAndVerify: file + "ssl_verify_client on;\n"
    }
  }
}
