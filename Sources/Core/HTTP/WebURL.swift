/// An absolute URL (RFC 3986) with the scheme `http` or `https`: a host, perhaps a port, a path and a query. Without
/// user information, which would be given to every client, and without fragment, which no server sees.
public struct WebURL: Sendable, Hashable {
  /// What it begins with.
  public enum Scheme: String, Sendable, CaseIterable {
    case http, https

    /// The port, where none is given.
    var defaultPort: UInt16 { self == .https ? 443 : 80 }
  }

  /// What it begins with.
  public var scheme: Scheme
  /// Host and port as they are written.
  public var authority: Authority
  /// Percent-encoded; empty, or beginning with a slash.
  public var path: String
  /// Percent-encoded, without `?`; nil where there is none.
  public var query: String?

  /// nil for everything else, and where something stands that ought to be percent-encoded.
  public init?(_ text: String) {
    guard text.utf8.count <= 1 << 16, text.utf8.allSatisfy(Self.isURLByte), let colon = text.firstIndex(of: ":"),
      text[colon...].hasPrefix("://"), let scheme = Scheme(rawValue: text[..<colon].lowercased())
    else { return nil }
    self.scheme = scheme
    let rest = text[colon...].dropFirst("://".count)
    let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    guard let authority = Authority(String(rest[..<end])) else { return nil }
    self.authority = authority
    let question = rest[end...].firstIndex(of: "?")
    path = String(rest[end..<(question ?? rest.endIndex)])
    query = question.map { String(rest[rest.index(after: $0)...]) }
    guard PercentEncoding.decode(path) != nil else { return nil }
  }

  /// As it is written.
  public var text: String {
    "\(origin)\(path)\(query.map { "?" + $0 } ?? "")"
  }

  /// Scheme, host and port: `https://example.com:8443`.
  public var origin: String { "\(scheme.rawValue)://\(authority.text)" }

  /// The port, also where it goes without saying.
  public var port: UInt16 { authority.port ?? scheme.defaultPort }

  private static func isURLByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
      UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
      false
    default: byte > 0x20 && byte < 0x7F
    }
  }

  /// A host, perhaps with a port.
  public struct Authority: Sendable, Hashable {
    /// As it is written.
    public let text: String
    /// A name or an address; one of IPv6 has no brackets.
    public let host: String
    /// The port; nil where none is given.
    public let port: UInt16?

    /// `host`, `host:port`, `[::1]:port`; nil for anything else.
    public init?(_ text: String) {
      let hasPort = text.hasSuffix("]") ? false : text.contains(":")
      guard case .tcp(let host, let port)? = Configuration.Address(hasPort ? text : text + ":0"), !host.isEmpty,
        !host.contains("%"), !hasPort || port > 0
      else { return nil }
      self.text = text
      self.host = host
      self.port = hasPort ? port : nil
    }
  }
}

extension WebURL.Authority: ConfigurationValue {
  static var expectation: String { "a host, or host:port" }

  init?(_ node: YAMLNode) {
    guard let text = node.scalar?.text else { return nil }
    self.init(text)
  }

  var content: YAMLNode.Content? { text.content }
}

extension WebURL.Scheme: ConfigurationKeyword {}
