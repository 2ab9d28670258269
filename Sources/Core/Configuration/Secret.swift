/// Text that must not reach a log: it is masked wherever it is printed.
public struct Secret: Sendable, Hashable, ExpressibleByStringLiteral {
  /// The text itself.
  public let value: String

  /// Hides `value`.
  public init(_ value: String) {
    self.value = value
  }

  /// Hides a literal.
  public init(stringLiteral value: String) {
    self.init(value)
  }

  /// Whether there is none.
  public var isEmpty: Bool { value.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Asterisks, as many for every secret; empty where there is none.
  public var description: String { isEmpty ? "" : "********" }

  /// As `description`.
  public var debugDescription: String { description }

  /// Nothing: `dump` would print the value.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension StringProtocol {
  /// The same, with asterisks for what stands before `@` in URLs and in addresses such as `user:password@host`.
  ///
  /// A password may hold an `@`, a `/` or a quotation mark that ought to be percent-encoded, so everything up to the
  /// last `@` of a word goes.
  public var maskingUsers: String {
    guard utf8.contains(UInt8(ascii: "@")) else { return String(self) }
    let words = split(omittingEmptySubsequences: false, whereSeparator: \.isWhitespace)
    var result = ""
    var end = startIndex
    for word in words {
      result += self[end..<word.startIndex]
      result += word.maskingUser
      end = word.endIndex
    }
    return result
  }

  /// Of a text without spaces.
  fileprivate var maskingUser: String {
    // A message quotes values.
    let quoted = drop { "\"'`[(".contains($0) }
    // A path is no URL, whatever its names are made of.
    guard !quoted.hasPrefix("/"), let at = lastIndex(of: "@"), self[..<at].contains(":") else { return String(self) }
    let user = firstRange(of: "://").map(\.upperBound) ?? quoted.startIndex
    guard user <= at else { return String(self) }
    return "\(self[..<user])********\(self[at...])"
  }
}
