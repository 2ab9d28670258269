/// A scalar: its text, typed only when a key asks for a type.
///
/// The rules are YAML 1.1's as docker/distribution's parser applies them, so that `yes`, `on`, `0660` and
/// `1_000` mean here what they mean there. A quoted scalar is a string and nothing else.
struct YAMLScalar: Sendable, Equatable {
  var text: String
  /// Whether it was quoted, or tagged `!!str`.
  var isString: Bool

  var isNull: Bool {
    !isString && ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// nil where it is not a truth value.
  var boolean: Bool? {
    guard !isString else { return nil }
    return switch text {
    case "true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON": true
    case "false", "False", "FALSE", "no", "No", "NO", "n", "N", "off", "Off", "OFF": false
    default: nil
    }
  }

  /// nil where it is not a whole number, or one beyond 64 bits.
  var integer: Int64? {
    guard !isString else { return nil }
    return Self.integer(text)
  }

  /// Decimal, or with one of the prefixes `0x`, `0b`, `0o` and (octal) `0`.
  static func integer(_ text: String) -> Int64? {
    var digits = Substring(text.filter { $0 != "_" })
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    var radix = 10
    for (prefix, value) in [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)]
    where digits.count > prefix.count && digits.lowercased().hasPrefix(prefix) {
      digits = digits.dropFirst(prefix.count)
      radix = value
      break
    }
    guard digits.first?.isHexDigit == true else { return nil }
    return Int64((isNegative ? "-" : "") + digits, radix: radix)
  }
}
