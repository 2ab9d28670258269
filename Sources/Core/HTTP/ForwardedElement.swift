/// What one proxy says in `Forwarded` (RFC 7239, section 4).
struct ForwardedElement: Equatable {
  /// `for`: the address of what called the proxy, without port and brackets; nil where it is hidden.
  private(set) var address: String?
  /// `host`: as the proxy was called.
  private(set) var host: String?
  /// `proto`: the scheme by which the proxy was called.
  private(set) var proto: String?

  /// The elements of a field, the last one of the nearest proxy; nil where it can't be read.
  static func list(_ field: String) -> [ForwardedElement]? {
    guard let elements = split(field[...], at: ",") else { return nil }
    var list: [ForwardedElement] = []
    for text in elements {
      guard let element = ForwardedElement(text) else { return nil }
      list.append(element)
    }
    return list
  }

  private init?(_ text: Substring) {
    for pair in Self.split(text, at: ";") ?? [] {
      let pair = Self.trimmed(pair)
      guard !pair.isEmpty else { continue }
      guard let equals = pair.firstIndex(of: "="), let value = Self.unquoted(pair[pair.index(after: equals)...]) else {
        return nil
      }
      switch pair[..<equals].lowercased() {
      case "for": address = Self.address(value[...])
      case "host": host = value
      case "proto": proto = value
      default: break
      }
    }
  }

  /// The address of a node, as `Forwarded` and `X-Forwarded-For` have it: perhaps with a port, one of IPv6 then in
  /// brackets.
  static func address(_ node: Substring) -> String {
    if node.hasPrefix("["), let end = node.firstIndex(of: "]") { return String(node[..<end].dropFirst()) }
    guard let colon = node.firstIndex(of: ":"), !node[node.index(after: colon)...].contains(":") else {
      return String(node)
    }
    return String(node[..<colon])
  }

  /// Splits where no quotes are; nil where they are not closed.
  private static func split(_ text: Substring, at separator: Character) -> [Substring]? {
    var (parts, isQuoted, isEscaped, start) = ([Substring](), false, false, text.startIndex)
    for index in text.indices {
      switch text[index] {
      case _ where isEscaped: isEscaped = false
      case "\\" where isQuoted: isEscaped = true
      case "\"": isQuoted.toggle()
      case separator where !isQuoted:
        parts.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    return isQuoted ? nil : parts + [text[start...]]
  }

  /// A token, or what is in quotes; nil for a mixture.
  private static func unquoted(_ text: Substring) -> String? {
    guard text.hasPrefix("\"") else { return text.contains("\"") ? nil : String(text) }
    guard text.count >= 2, text.hasSuffix("\"") else { return nil }
    var (value, isEscaped) = ("", false)
    for character in text.dropFirst().dropLast() {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        value.append(character)
        isEscaped = false
      }
    }
    return value
  }

  /// Without the white space around it.
  static func trimmed(_ text: Substring) -> Substring {
    guard let last = text.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return text[...last].drop { $0 == " " || $0 == "\t" }
  }
}
