extension MediaType {
  /// From a `Content-Type` (RFC 9110, section 8.3.1), without its parameters; nil where it is none. In lower case, in
  /// which all types are written that the registry knows by name.
  init?(contentType: String) {
    var parts = contentType.utf8.split(separator: UInt8(ascii: ";"), maxSplits: 1, omittingEmptySubsequences: false)
    let type = MediaType(rawValue: String(decoding: parts.removeFirst().trimmingBlanks, as: UTF8.self).lowercased())
    guard type.isWellFormed, MediaType.areParameters(parts.first ?? ""[...].utf8) else { return nil }
    self = type
  }

  /// Whether it is `type/subtype` (RFC 6838, section 4.2), and can stand in a header field.
  var isWellFormed: Bool {
    let parts = rawValue.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { part in
        (1...127).contains(part.count)
          && part.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
              UInt8(ascii: "0")...UInt8(ascii: "9"):
              true
            default:
              "!#$&-^_.+".utf8.contains(byte)
            }
          }
      }
  }

  /// Whether both are the same type: case does not count (RFC 9110, section 8.3.1).
  func isSame(as other: MediaType) -> Bool {
    self == other || rawValue.lowercased() == other.rawValue.lowercased()
  }

  /// Whether `text` is what may follow a type and its semicolon (RFC 9110, section 5.6.6).
  private static func areParameters(_ text: Substring.UTF8View) -> Bool {
    var rest = text
    while true {
      rest = rest.drop(while: isBlank)
      let name = rest.prefix(while: isToken)
      if name.isEmpty {
        // An empty parameter, which is allowed.
        if rest.isEmpty { return true }
      } else {
        rest = rest[name.endIndex...]
        guard rest.first == UInt8(ascii: "=") else { return false }
        rest = rest.dropFirst()
        guard takeValue(&rest) else { return false }
        rest = rest.drop(while: isBlank)
        if rest.isEmpty { return true }
      }
      guard rest.first == UInt8(ascii: ";") else { return false }
      rest = rest.dropFirst()
    }
  }

  /// Steps over a token or a quoted string.
  private static func takeValue(_ rest: inout Substring.UTF8View) -> Bool {
    guard rest.first == UInt8(ascii: "\"") else {
      let token = rest.prefix(while: isToken)
      rest = rest[token.endIndex...]
      return !token.isEmpty
    }
    rest = rest.dropFirst()
    while let byte = rest.first {
      rest = rest.dropFirst(byte == UInt8(ascii: "\\") ? 2 : 1)
      if byte == UInt8(ascii: "\"") { return true }
    }
    return false
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default:
      "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }
}

extension Substring.UTF8View {
  fileprivate var trimmingBlanks: Substring.UTF8View {
    var rest = self
    while rest.first == UInt8(ascii: " ") || rest.first == UInt8(ascii: "\t") { rest = rest.dropFirst() }
    while rest.last == UInt8(ascii: " ") || rest.last == UInt8(ascii: "\t") { rest = rest.dropLast() }
    return rest
  }
}
