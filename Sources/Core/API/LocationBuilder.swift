import HTTPTypes

/// Builds the URLs that answers carry in `Location`.
struct LocationBuilder {
  private let http: Configuration.HTTP

  init(http: Configuration.HTTP) {
    self.http = http
  }

  /// The path of a blob.
  func blob(_ request: Request, _ name: RepositoryName, _ digest: Digest) -> String {
    url(request, "v2/\(name)/blobs/\(digest)")
  }

  /// The path of a manifest.
  func manifest(_ request: Request, _ name: RepositoryName, _ reference: String) -> String {
    url(request, "v2/\(name)/manifests/\(reference)")
  }

  /// The path of an upload, with the state that the next request brings back.
  func upload(_ request: Request, _ name: RepositoryName, _ id: UploadID, state: String) -> String {
    url(request, "v2/\(name)/blobs/uploads/\(id)?_state=\(state)")
  }

  private func url(_ request: Request, _ path: String) -> String {
    guard !http.relativeURLs else { return http.prefix + path }
    return (http.host ?? Self.origin(request) ?? "") + http.prefix + path
  }

  /// Scheme and host as the client called them: from `Forwarded` (RFC 7239), `X-Forwarded-*`, or the request
  /// itself; nil where they could not stand in a URL.
  static func origin(_ request: Request) -> String? {
    let forwarded = request.fields[.forwarded].map(parseForwarded) ?? [:]
    let scheme = forwarded["proto"] ?? first(request.fields[.xForwardedProto]) ?? request.scheme
    guard scheme == "http" || scheme == "https" else { return nil }
    guard
      var host = forwarded["host"] ?? first(request.fields[.xForwardedHost]) ?? request.fields[.host],
      !host.isEmpty, host.utf8.count <= 255, host.utf8.allSatisfy(isHostByte)
    else { return nil }
    if forwarded["host"] == nil, let port = first(request.fields[.xForwardedPort]),
      let number = Decimal.exact(port.utf8), number <= 65535,
      !hasPort(host), port != (scheme == "https" ? "443" : "80")
    {
      host += ":" + port
    }
    return "\(scheme)://\(host)"
  }

  /// The first proxy's parameters, by lower-case name.
  private static func parseForwarded(_ value: String) -> [String: String] {
    var parameters: [String: String] = [:]
    for pair in value.prefix(while: { $0 != "," }).split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let name = parts[0].filter { $0 != " " }.lowercased()
      parameters[name] = parts[1].filter { $0 != "\"" && $0 != " " }
    }
    return parameters
  }

  /// The first of a list's values: that of the proxy nearest to the client.
  private static func first(_ list: String?) -> String? {
    list?.split(separator: ",").first.map { $0.filter { $0 != " " } }
  }

  private static func hasPort(_ host: String) -> Bool {
    let afterAddress = host.utf8.lastIndex(of: UInt8(ascii: "]")) ?? host.startIndex
    return host[afterAddress...].utf8.contains(UInt8(ascii: ":"))
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default:
      false
    }
  }
}
