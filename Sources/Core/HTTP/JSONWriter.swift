/// Writes JSON text (RFC 8259) into one buffer, for answers whose form is fixed.
///
/// Commas are put by the writer; the caller opens and closes what it means to.
public struct JSONWriter {
  /// The text so far.
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// An empty text, with room for `capacity` bytes.
  public init(capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  /// `{ … }`, as a value or below `key`.
  public mutating func object(_ key: String? = nil, _ content: (inout JSONWriter) -> Void) {
    nest(key, UInt8(ascii: "{"), UInt8(ascii: "}"), content)
  }

  /// `[ … ]`, as a value or below `key`.
  public mutating func array(_ key: String? = nil, _ content: (inout JSONWriter) -> Void) {
    nest(key, UInt8(ascii: "["), UInt8(ascii: "]"), content)
  }

  /// A string, as a value or below `key`.
  public mutating func string(_ key: String? = nil, _ value: String) {
    begin(key)
    quote(value)
  }

  /// An integer below `key`.
  public mutating func integer(_ key: String, _ value: Int64) {
    begin(key)
    bytes += String(value).utf8
  }

  /// `true` or `false` below `key`.
  public mutating func boolean(_ key: String, _ value: Bool) {
    raw(key, (value ? "true" : "false").utf8)
  }

  /// A value that is JSON text already.
  public mutating func raw(_ key: String? = nil, _ text: some Sequence<UInt8>) {
    begin(key)
    bytes += text
  }

  private mutating func nest(
    _ key: String?, _ open: UInt8, _ close: UInt8, _ content: (inout JSONWriter) -> Void
  ) {
    begin(key)
    bytes.append(open)
    needsComma = false
    content(&self)
    bytes.append(close)
    needsComma = true
  }

  private mutating func begin(_ key: String?) {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
    if let key {
      quote(key)
      bytes.append(UInt8(ascii: ":"))
    }
  }

  private mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    defer { bytes.append(UInt8(ascii: "\"")) }
    guard text.utf8.contains(where: JSONWriter.needsEscape) else {
      bytes += text.utf8
      return
    }
    let digits = Array("0123456789abcdef".utf8)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20, 0x7F:
        bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")]
        bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default:
        bytes.append(byte)
      }
    }
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
  }
}
