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
      isHost(host)
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
      parameters[name] = trimmed(parts[1]).filter { $0 != "\"" }
    }
    return parameters
  }

  /// The first of a list's values: that of the proxy nearest to the client.
  private static func first(_ list: String?) -> String? {
    list?.split(separator: ",").first.map { trimmed($0) }
  }

  private static func trimmed(_ text: Substring) -> String {
    guard let last = text.lastIndex(where: { $0 != " " }) else { return "" }
    return String(text[...last].drop { $0 == " " })
  }

  private static func hasPort(_ host: String) -> Bool {
    let afterAddress = host.utf8.lastIndex(of: UInt8(ascii: "]")) ?? host.startIndex
    return host[afterAddress...].utf8.contains(UInt8(ascii: ":"))
  }

  /// Whether `text` is a name or an address, perhaps with a port (RFC 9110, section 7.2).
  private static func isHost(_ text: String) -> Bool {
    guard text.utf8.count <= 255, let authority = WebURL.Authority(text) else { return false }
    let isAddress = text.hasPrefix("[")
    return authority.host.utf8.allSatisfy { isHostByte($0, ofAddress: isAddress) }
      && !authority.host.split(separator: ".", omittingEmptySubsequences: false).contains("")
  }

  private static func isHostByte(_ byte: UInt8, ofAddress isAddress: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    case UInt8(ascii: ":"): isAddress
    default: false
    }
  }
}
