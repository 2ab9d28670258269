extension Configuration {
  /// An address to listen on.
  public enum Address: Sendable, Hashable {
    /// A Unix socket.
    case unix(path: String)
    /// TCP. An empty host stands for every address of the machine; one of IPv6 has no brackets.
    case tcp(host: String, port: UInt16)

    /// The longest path that a Unix socket can have (`sun_path`, less the closing zero).
    static let longestPath = 107

    /// `/path`, `unix:/path`, `host:port`, `:port`, `[::1]:port`. nil for anything else.
    public init?(_ text: String) {
      let path = text.hasPrefix("unix:") ? String(text.dropFirst("unix:".count)) : text
      if path.hasPrefix("/") {
        guard Self.isPath(path) else { return nil }
        self = .unix(path: path)
        return
      }
      guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
        return nil
      }
      var host = text[..<colon]
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = host.dropFirst().dropLast()
        guard host.contains(":"), host.utf8.allSatisfy(Self.isHostByte) else { return nil }
      } else {
        guard !host.contains(":"), host.utf8.allSatisfy(Self.isHostByte) else { return nil }
      }
      self = .tcp(host: String(host), port: port)
    }

    /// As `init` takes it.
    public var text: String {
      switch self {
      case .unix(let path): path
      case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      }
    }

    private static func isPath(_ path: String) -> Bool {
      path.utf8.count <= longestPath && path.utf8.count > 1 && path.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: ":"), UInt8(ascii: "%"):
        true
      default: false
      }
    }
  }
}

extension Configuration.Address: ConfigurationValue {
  static var expectation: String {
    "host:port, :port, or the path of a Unix socket of up to \(longestPath) bytes"
  }

  init?(_ node: YAMLNode) {
    guard let text = node.scalar?.text else { return nil }
    self.init(text)
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: text, isString: true)) }
}
