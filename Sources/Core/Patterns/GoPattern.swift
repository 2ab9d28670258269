/// Where the syntax of Go's `regexp` and that of RE2, from which it comes, differ: what RE2 lacks is translated, and
/// what Go lacks is refused, so that a configuration means the same here and in docker/distribution.
enum GoPattern {
  /// Groups inside each other at the most, as in Go.
  static let maximumDepth = 1000

  /// The expression for RE2. What neither takes is left for RE2 to refuse.
  static func translated(_ expression: String) throws(PatternError) -> String {
    var rest = Array(expression.utf8)[...]
    var result: [UInt8] = []
    var depth = 0
    while let byte = rest.first {
      switch byte {
      case UInt8(ascii: "\\"):
        result += try takeEscape(&rest)
      case UInt8(ascii: "["):
        result += takeClass(&rest)
      case UInt8(ascii: "("):
        depth += 1
        guard depth <= maximumDepth else { throw PatternError("groups are nested more than \(maximumDepth) deep") }
        result += try takeGroup(&rest)
      default:
        if byte == UInt8(ascii: ")") { depth -= 1 }
        result.append(byte)
        rest.removeFirst()
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// An escape; `\Q` with all that it quotes.
  private static func takeEscape(_ rest: inout ArraySlice<UInt8>) throws(PatternError) -> ArraySlice<UInt8> {
    switch rest.dropFirst().first {
    case UInt8(ascii: "C"):
      throw PatternError(#"invalid escape sequence: \C (Go has none for a single byte)"#)
    case UInt8(ascii: "Q"):
      let end = offset(of: #"\E"#, in: rest.dropFirst(2))
      return take(end.map { $0 + 4 } ?? rest.count, from: &rest)
    default:
      return take(2, from: &rest)
    }
  }

  /// A class in brackets, where a parenthesis has no meaning; up to the end where it isn't closed.
  private static func takeClass(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var length = 1
    if rest.dropFirst(length).first == UInt8(ascii: "^") { length += 1 }
    // A first bracket closes nothing.
    if rest.dropFirst(length).first == UInt8(ascii: "]") { length += 1 }
    while let byte = rest.dropFirst(length).first, byte != UInt8(ascii: "]") {
      let inner = rest.dropFirst(length)
      if byte == UInt8(ascii: "\\") {
        length += 2
      } else if inner.starts(with: "[:".utf8), let end = offset(of: ":]", in: inner.dropFirst(2)) {
        length += end + 4
      } else {
        length += 1
      }
    }
    return take(length + 1, from: &rest)
  }

  /// The beginning of a group: `(?<name>`, which RE2 of 2022 lacks, becomes `(?P<name>`.
  private static func takeGroup(_ rest: inout ArraySlice<UInt8>) throws(PatternError) -> [UInt8] {
    let isBare = rest.starts(with: "(?<".utf8)
    guard isBare || rest.starts(with: "(?P<".utf8),
      // Look-behind, which neither has.
      !rest.starts(with: "(?<=".utf8), !rest.starts(with: "(?<!".utf8)
    else { return Array(take(1, from: &rest)) }
    let name = rest.dropFirst(isBare ? 3 : 4).prefix { $0 != UInt8(ascii: ">") }
    guard !name.isEmpty, name.allSatisfy(isWord), name.endIndex != rest.endIndex else {
      throw PatternError("invalid named group: its name must be of letters, digits and underscores, closed by >")
    }
    rest = rest[name.endIndex...].dropFirst()
    return Array("(?P<".utf8) + name + [UInt8(ascii: ">")]
  }

  private static func take(_ count: Int, from rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// Where `text` begins, in bytes from the start of `bytes`; nil where it isn't there.
  private static func offset(of text: String, in bytes: ArraySlice<UInt8>) -> Int? {
    var offset = 0
    while offset + text.utf8.count <= bytes.count {
      if bytes.dropFirst(offset).starts(with: text.utf8) { return offset }
      offset += 1
    }
    return nil
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default:
      false
    }
  }
}
