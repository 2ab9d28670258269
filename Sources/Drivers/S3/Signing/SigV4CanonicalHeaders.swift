/// Header fields in the one form that both sides sign.
struct SigV4CanonicalHeaders {
  /// `name:value` and a line feed for each.
  let lines: String
  /// Separated by semicolons.
  let names: String

  /// Names in lower case and sorted; values trimmed, with one space for several, and those of one name joined by commas
  /// in the order given.
  init(_ fields: [(name: String, value: String)]) {
    var values: [String: [String]] = [:]
    for field in fields { values[field.name.lowercased(), default: []].append(Self.collapsed(field.value)) }
    let sorted = values.sorted { $0.key < $1.key }
    lines = sorted.map { "\($0.key):\($0.value.joined(separator: ","))\n" }.joined()
    names = sorted.map(\.key).joined(separator: ";")
  }

  private static func collapsed(_ value: String) -> String {
    value.utf8
      .split { $0 == UInt8(ascii: " ") || (0x09...0x0D).contains($0) }
      .map { String(Substring($0)) }
      .joined(separator: " ")
  }
}
