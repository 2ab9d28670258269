extension JSONReader {
  /// The text that a string's inside means. Its escapes have been checked; half a surrogate pair becomes U+FFFD.
  static func unescape(_ content: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(content.count)
    var index = content.startIndex
    while index < content.endIndex {
      guard content[index] == UInt8(ascii: "\\") else {
        bytes.append(content[index])
        index += 1
        continue
      }
      let escape = content[index + 1]
      guard escape == UInt8(ascii: "u") else {
        bytes.append(simpleEscape(escape))
        index += 2
        continue
      }
      var code = codeUnit(content, index)
      index += 6
      if (0xD800..<0xDC00).contains(code), index + 6 <= content.endIndex, content[index] == UInt8(ascii: "\\"),
        content[index + 1] == UInt8(ascii: "u"), case let low = codeUnit(content, index),
        (0xDC00..<0xE000).contains(low)
      {
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        index += 6
      }
      bytes += String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func simpleEscape(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: byte
    }
  }

  /// The four digits of the `\u` escape at `index`.
  private static func codeUnit(_ content: ArraySlice<UInt8>, _ index: Int) -> UInt32 {
    content[(index + 2)..<(index + 6)].reduce(0) { $0 << 4 | UInt32(hexValue($1) ?? 0) }
  }

  /// The value of a hexadecimal digit.
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
