/// Reads JSON text (RFC 8259) front to back, each value as the caller asks for it, so that nothing is built
/// that nobody wants and reading can stop early.
///
/// Depth is bounded and numbers are checked, so that no text overflows the stack or traps. The caller has
/// checked that the text is UTF-8, or takes what is not as U+FFFD.
package struct JSONReader {
  private let text: [UInt8]
  /// The offset in bytes of what is read next.
  private(set) var position: Int
  private var depth = 0
  private var isFirst = true

  /// Objects and arrays inside each other at the most.
  static let maximumDepth = 100

  /// At the value that begins at `position`.
  package init(_ text: [UInt8], at position: Int = 0) {
    self.text = text
    self.position = position
  }

  /// Steps into an object.
  package mutating func enterObject() throws(JSONError) {
    try enter(UInt8(ascii: "{"), "must be an object")
  }

  /// The key of the object's next member, with the reader at its value; nil once the object has ended.
  package mutating func nextMember() throws(JSONError) -> String? {
    guard try advance(before: UInt8(ascii: "}")) else { return nil }
    let key = try string()
    guard next() == UInt8(ascii: ":") else { throw JSONError("a member has no value") }
    position += 1
    return key
  }

  /// Steps into an array.
  package mutating func enterArray() throws(JSONError) {
    try enter(UInt8(ascii: "["), "must be a list")
  }

  /// Whether the array has a next element, with the reader at it.
  package mutating func nextElement() throws(JSONError) -> Bool {
    try advance(before: UInt8(ascii: "]"))
  }

  /// Steps over `null`, if that is what comes next.
  package mutating func takeNull() -> Bool {
    guard next() == UInt8(ascii: "n"), takeWord("null") else { return false }
    return true
  }

  /// An integer without fraction or exponent.
  mutating func integer() throws(JSONError) -> Int64 {
    _ = next()
    let start = position
    try skipNumber()
    guard let value = Int64(String(decoding: text[start..<position], as: UTF8.self)) else {
      throw JSONError("must be an integer of at most 64 bits")
    }
    return value
  }

  /// A number of things that were counted: no fewer than none, and few enough that more can be counted. 2^53 is as many
  /// as readers of JSON agree on (RFC 8259, section 6).
  mutating func count() throws(JSONError) -> Int64 {
    let value = try integer()
    guard (0...1 << 53).contains(value) else { throw JSONError("must be a number from 0 to 2^53") }
    return value
  }

  /// A string.
  package mutating func string() throws(JSONError) -> String {
    let hasEscapes = try skipString()
    let start = stringStart + 1
    let content = text[start..<(position - 1)]
    guard hasEscapes else { return String(decoding: content, as: UTF8.self) }
    return JSONReader.unescape(content)
  }

  /// Steps over a value of any kind. Returns where it began.
  @discardableResult
  package mutating func skip() throws(JSONError) -> Int {
    let byte = next()
    let start = position
    switch byte {
    case UInt8(ascii: "{"):
      try enterObject()
      while try advance(before: UInt8(ascii: "}")) {
        try skipString()
        guard next() == UInt8(ascii: ":") else { throw JSONError("a member has no value") }
        position += 1
        try skip()
      }
    case UInt8(ascii: "["):
      try enterArray()
      while try nextElement() { try skip() }
    case UInt8(ascii: "\""):
      try skipString()
    case UInt8(ascii: "t") where takeWord("true"), UInt8(ascii: "f") where takeWord("false"),
      UInt8(ascii: "n") where takeWord("null"):
      break
    default:
      try skipNumber()
    }
    return start
  }

  /// Throws unless nothing but white space follows.
  package mutating func end() throws(JSONError) {
    guard next() == nil else { throw JSONError("is followed by something else") }
  }

  // MARK: - Steps

  private var stringStart = 0

  /// The next byte that is not white space; nil at the end.
  private mutating func next() -> UInt8? {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      case let byte: return byte
      }
    }
    return nil
  }

  private mutating func enter(_ opening: UInt8, _ message: String) throws(JSONError) {
    guard next() == opening else { throw JSONError(message) }
    guard depth < JSONReader.maximumDepth else {
      throw JSONError("is nested more than \(JSONReader.maximumDepth) deep")
    }
    depth += 1
    position += 1
    isFirst = true
  }

  private mutating func advance(before closing: UInt8) throws(JSONError) -> Bool {
    guard let byte = next() else { throw JSONError("the JSON text ends too early") }
    if byte == closing {
      position += 1
      depth -= 1
      isFirst = false
      return false
    }
    if !isFirst {
      guard byte == UInt8(ascii: ",") else { throw JSONError("a comma is missing") }
      position += 1
    }
    isFirst = false
    return true
  }

  private mutating func takeWord(_ word: String) -> Bool {
    guard text[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  /// Returns whether the string has escapes.
  @discardableResult
  private mutating func skipString() throws(JSONError) -> Bool {
    guard next() == UInt8(ascii: "\"") else { throw JSONError("must be a string") }
    stringStart = position
    position += 1
    var hasEscapes = false
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""):
        position += 1
        return hasEscapes
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try skipEscape()
      case 0..<0x20:
        throw JSONError("a string holds a control character")
      default:
        position += 1
      }
    }
    throw JSONError("the JSON text ends too early")
  }

  private mutating func skipEscape() throws(JSONError) {
    guard position + 1 < text.count else { throw JSONError("the JSON text ends too early") }
    switch text[position + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    case UInt8(ascii: "u")
    where position + 6 <= text.count
      && text[(position + 2)..<(position + 6)].allSatisfy({ JSONReader.hexValue($0) != nil }):
      position += 6
    default:
      throw JSONError("a string holds an unknown escape")
    }
  }

  private mutating func skipNumber() throws(JSONError) {
    if next() == UInt8(ascii: "-") { position += 1 }
    let leadingZero = position < text.count && text[position] == UInt8(ascii: "0")
    let integerDigits = skipDigits()
    guard integerDigits > 0, !leadingZero || integerDigits == 1 else {
      throw JSONError(next() == nil ? "the JSON text ends too early" : "is no JSON value of the kind that belongs here")
    }
    if position < text.count, text[position] == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() > 0 else { throw JSONError("a number has no digits after its point") }
    }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
        position += 1
      }
      guard skipDigits() > 0 else { throw JSONError("a number has no digits in its exponent") }
    }
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) { position += 1 }
    return position - start
  }
}
