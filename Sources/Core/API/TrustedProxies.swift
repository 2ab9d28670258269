/// The proxies before the web server whose `Forwarded` and `X-Forwarded-…` fields are trusted (`http.trustedproxies`).
///
/// These fields are lists to which each proxy appends an element; a client may send the first ones. So elements are
/// used from the end of the list, as far as the proxies are trusted: the element of the outermost trusted proxy counts.
struct TrustedProxies: Sendable {
  private let addresses: AddressRanges

  init(_ proxies: [Configuration.TrustedProxy]) {
    addresses = AddressRanges(proxies.map(\.network))
  }

  /// Scheme and host as the client called them: as a trusted proxy says, else as the web server saw them. nil where
  /// they are not known, or could not stand in a URL.
  func origin(of request: Request) -> String? {
    var (scheme, host, port) = (request.scheme, request.fields[.host], String?.none)
    if addresses.count > 0, trusts(request.peerAddress) {
      if let forwarded = request.fields[.forwarded] {
        let seen = ForwardedElement.list(forwarded).map(outermost) ?? []
        scheme = seen.lazy.compactMap(\.proto).first ?? scheme
        host = seen.lazy.compactMap(\.host).first ?? host
      } else {
        let hops = hops(request.fields[.xForwardedFor])
        scheme = Self.value(request.fields[.xForwardedProto], hops) ?? scheme
        host = Self.value(request.fields[.xForwardedHost], hops) ?? host
        port = Self.value(request.fields[.xForwardedPort], hops)
      }
    } else if scheme == "http", Self.claimsTLS(request) {
      // A proxy that terminates TLS and is not configured, or a forged field. A relative URL is right in both cases.
      return nil
    }
    return Self.origin(scheme.lowercased(), host, port)
  }

  private func trusts(_ address: some StringProtocol) -> Bool {
    IPAddress(address).map(addresses.contains) ?? false
  }

  /// The elements from that of the outermost trusted proxy inwards.
  private func outermost(_ elements: [ForwardedElement]) -> ArraySlice<ForwardedElement> {
    var index = elements.endIndex - 1
    while index > 0, let client = elements[index].address, trusts(client) { index -= 1 }
    return elements[max(0, index)...]
  }

  /// How many trusted proxies a request has passed, counted from the peer outwards.
  private func hops(_ clients: String?) -> Int {
    let list = clients?.split(separator: ",").map(ForwardedElement.trimmed) ?? []
    return 1 + list.reversed().prefix { trusts(ForwardedElement.address($0)) }.count
  }

  /// The element of the outermost trusted proxy, or the list's first element if it is shorter.
  private static func value(_ list: String?, _ hops: Int) -> String? {
    guard let values = list?.split(separator: ","), !values.isEmpty else { return nil }
    return String(ForwardedElement.trimmed(values[max(0, values.count - hops)]))
  }

  private static func claimsTLS(_ request: Request) -> Bool {
    [request.fields[.xForwardedProto], request.fields[.forwarded]].contains {
      $0?.lowercased().contains("https") == true
    }
  }

  private static func origin(_ scheme: String, _ host: String?, _ port: String?) -> String? {
    guard let scheme = WebURL.Scheme(rawValue: scheme), let host, host.utf8.count <= 255,
      let authority = WebURL.Authority(host), isHost(authority)
    else { return nil }
    let origin = "\(scheme.rawValue)://\(host)"
    guard let port, authority.port == nil else { return origin }
    guard let number = Decimal.exact(port.utf8), (1...65535).contains(number) else { return nil }
    return number == scheme.defaultPort ? origin : "\(origin):\(number)"
  }

  /// Whether it is a name or an address (RFC 9110, section 7.2).
  private static func isHost(_ authority: WebURL.Authority) -> Bool {
    if authority.text.hasPrefix("[") { return IPAddress(authority.host) != nil }
    return authority.host.utf8.allSatisfy(isNameByte)
      && !authority.host.split(separator: ".", omittingEmptySubsequences: false).contains("")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
