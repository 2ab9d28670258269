/// Escapes text, so that it can't end its line or its quotes.
enum TextEscaping {
  /// Without quotes if it is a plain word, else quoted.
  static func append(_ text: String, _ bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { text in
      if !text.isEmpty, text.allSatisfy(isOfWord) { bytes += text } else { appendQuoted(text, &bytes) }
    }
  }

  /// Within double quotes.
  static func appendQuoted(_ text: String, _ bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { appendQuoted($0, &bytes) }
  }

  /// Copies what needs no escape in as few pieces as possible: each request logs a line of some 400 bytes.
  private static func appendQuoted(_ text: UnsafeBufferPointer<UInt8>, _ bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var plain = 0
    for (index, byte) in text.enumerated() where needsEscape(byte) {
      bytes += text[plain..<index]
      plain = index + 1
      appendEscape(of: byte, &bytes)
    }
    bytes += text[plain...]
    bytes.append(UInt8(ascii: "\""))
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "-")...UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "^"),
      UInt8(ascii: "+"):
      true
    default:
      false
    }
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private static func appendEscape(of byte: UInt8, _ bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
    default: bytes += [UInt8(ascii: "x"), hexDigit(byte >> 4), hexDigit(byte & 15)]
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
