/// Where a server listens.
enum RedisAddress: Hashable, Sendable, CustomStringConvertible {
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  /// `host:port`, `host`, `[::1]:port`, an absolute path, or `unix://` and one. nil for everything else.
  init?(_ text: String, defaultPort: UInt16 = 6379) {
    if text.hasPrefix("unix://") || text.hasPrefix("/") {
      let path = text.hasPrefix("/") ? text : String(text.dropFirst(7))
      // Longer ones don't fit in the kernel's address.
      guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
      self = .unix(path: path)
      return
    }
    var host = text[...]
    var port: Substring?
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
      if !rest.isEmpty { port = rest.dropFirst() }
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
      guard !host.contains(":") else { return nil }
    }
    guard !host.isEmpty, !host.contains(where: { "/@[]".contains($0) || $0.isWhitespace }) else { return nil }
    guard let port else {
      self = .tcp(host: String(host), port: defaultPort)
      return
    }
    guard let number = UInt16(port), number > 0 else { return nil }
    self = .tcp(host: String(host), port: number)
  }

  /// As servers name each other, `host:port` also for IPv6. Without a host it is that of the one who said it.
  init?(announced text: some StringProtocol, by speaker: RedisAddress) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { return nil }
    self.init(announcedHost: String(text[..<colon]), port: port, by: speaker)
  }

  init?(announcedHost host: String, port: UInt16, by speaker: RedisAddress) {
    guard host.isEmpty || host == "?" else {
      self = .tcp(host: host, port: port)
      return
    }
    guard case .tcp(let host, _) = speaker else { return nil }
    self = .tcp(host: host, port: port)
  }

  var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): path
    }
  }
}
