/// An absolute URL of a service that gives credentials: `http` or `https`, without user information or fragment.
struct CredentialURL: Equatable {
  let text: String
  let isSecure: Bool
  /// Without brackets, for IPv6.
  let host: String

  /// nil for everything else.
  init?(_ text: String) {
    guard text.isFieldText, !text.contains("\\"), !text.contains("#") else { return nil }
    isSecure = text.hasPrefix("https://")
    guard isSecure || text.hasPrefix("http://") else { return nil }
    let authority = text.dropFirst(isSecure ? 8 : 7).prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else { return nil }
    let port: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[..<end].dropFirst().lowercased()
      port = authority[authority.index(after: end)...]
    } else {
      host = authority.prefix { $0 != ":" }.lowercased()
      port = authority.dropFirst(host.count)
    }
    guard !host.isEmpty else { return nil }
    guard port.isEmpty || (port.hasPrefix(":") && UInt16(port.dropFirst()) ?? 0 > 0) else { return nil }
    self.text = text
  }

  /// Without the slashes at its end, for a path to follow.
  var base: String {
    String(text.reversed().drop { $0 == "/" }.reversed())
  }
}
