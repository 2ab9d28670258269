/// What part of a content a GET asks for (RFC 9110, section 14.2).
enum ByteRange: Equatable {
  /// Everything, with 200: no range, more than one, or none that can be read.
  case whole
  /// These bytes, with 206.
  case part(Range<Int64>)
  /// Nothing that exists: 416.
  case unsatisfiable

  /// Decides on the `Range` field of a GET of `size` bytes.
  init(_ field: String?, size: Int64) {
    guard let field, let bounds = ByteRange.bounds(field.utf8) else {
      self = .whole
      return
    }
    switch bounds {
    case (let first?, let last):
      // A range that ends before it begins gets the answer that nginx gives.
      guard first < size, first <= last ?? .max else {
        self = .unsatisfiable
        return
      }
      self = .part(first..<min(last ?? .max, size - 1) + 1)
    case (nil, let length?):
      self = length > 0 && size > 0 ? .part(max(0, size - length)..<size) : .unsatisfiable
    case (nil, nil):
      self = .whole
    }
  }

  /// For `Content-Range` of the answer; nil where it has none.
  func contentRange(size: Int64) -> String? {
    switch self {
    case .whole: nil
    case .part(let range): "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
    case .unsatisfiable: "bytes */\(size)"
    }
  }

  /// First and last position of the one range that `field` holds; nil where it holds none, or several.
  private static func bounds(_ field: String.UTF8View) -> (first: Int64?, last: Int64?)? {
    let unit = "bytes=".utf8
    guard field.count > unit.count, field.prefix(unit.count).elementsEqual(unit) else { return nil }
    let range = field.dropFirst(unit.count)
    guard let dash = range.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    let (before, after) = (range[..<dash], range[range.index(after: dash)...])
    guard let first = position(before), let last = position(after) else { return nil }
    return (first, last)
  }

  /// A position; `.some(nil)` where none is given, nil where it is no number. One beyond what can be counted is the
  /// largest that can.
  private static func position(_ digits: Substring.UTF8View) -> Int64?? {
    guard !digits.isEmpty else { return .some(nil) }
    return Decimal.saturating(digits).map { .some($0) }
  }
}
