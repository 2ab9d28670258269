/// Reads JSON text of one form: an object whose members are strings without escapes and whole numbers. That is all
/// that a signed state holds, and a general parser would cost more than the rest of the request.
enum FlatJSON {
  /// A member's value.
  enum Value: Equatable {
    case string(String)
    case integer(Int64)
  }

  /// The members by name; nil where `text` has another form.
  static func members(of text: [UInt8]) -> [String: Value]? {
    var rest = text[...]
    guard take(UInt8(ascii: "{"), &rest) else { return nil }
    var members: [String: Value] = [:]
    repeat {
      guard let name = string(&rest), take(UInt8(ascii: ":"), &rest), let value = value(&rest) else { return nil }
      members[name] = value
    } while take(UInt8(ascii: ","), &rest)
    guard take(UInt8(ascii: "}"), &rest) else { return nil }
    skipSpace(&rest)
    return rest.isEmpty ? members : nil
  }

  private static func value(_ rest: inout ArraySlice<UInt8>) -> Value? {
    skipSpace(&rest)
    if rest.first == UInt8(ascii: "\"") { return string(&rest).map { .string($0) } }
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    rest = rest[digits.endIndex...]
    return Decimal.exact(digits).map { .integer($0) }
  }

  private static func string(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard take(UInt8(ascii: "\""), &rest) else { return nil }
    let text = rest.prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 }
    rest = rest[text.endIndex...]
    guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
    return String(validating: text, as: UTF8.self)
  }

  private static func take(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> Bool {
    skipSpace(&rest)
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  private static func skipSpace(_ rest: inout ArraySlice<UInt8>) {
    rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
  }
}
