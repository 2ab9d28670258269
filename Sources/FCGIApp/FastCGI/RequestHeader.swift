/// The header of a FastCGI request: an FCGI_BEGIN_REQUEST record, then FCGI_PARAMS records up to an empty one.
///
/// Checked before libfcgi reads it, because libfcgi allocates any length that a parameter claims (and asserts that it
/// got the memory), answers management records in a buffer for three values, and waits for missing bytes without a
/// timeout.
enum RequestHeader {
  /// How much of a request's header has arrived.
  enum Extent: Equatable {
    /// All of it, and perhaps more.
    case whole
    /// A proper beginning.
    case partial
    /// No header that a web server sends: another type of record, another role, or a length beyond ``limit``.
    case malformed
  }

  /// Maximum bytes of a header. nginx puts all parameters into one record of at most 64 KiB.
  static let limit = 96 << 10

  private static let recordLength = 8

  /// Bytes of the record that begins a request: version 1, type 1, no padding, and 8 bytes of content that name the
  /// role of a responder. Padding is refused, because libfcgi does not skip it here, and would read bytes as
  /// records that were not checked.
  private static let beginning: [(index: Int, value: UInt8)] = [
    (0, 1), (1, 1), (4, 0), (5, 8), (6, 0), (8, 0), (9, 1),
  ]

  /// Looks at the first bytes of a connection or request.
  static func extent(of bytes: UnsafeRawBufferPointer) -> Extent {
    for (index, expected) in beginning where bytes.count > index && bytes[index] != expected { return .malformed }
    guard bytes.count >= recordLength else { return .partial }
    let id = (bytes[2], bytes[3])
    guard id != (0, 0) else { return .malformed }
    var parameters = ParameterLengths()
    var next = 2 * recordLength
    while next + recordLength <= bytes.count {
      guard bytes[next] == 1, bytes[next + 1] == 4, (bytes[next + 2], bytes[next + 3]) == id else { return .malformed }
      let length = Int(bytes[next + 4]) << 8 | Int(bytes[next + 5])
      let padding = Int(bytes[next + 6])
      next += recordLength
      if length == 0 {
        // libfcgi would read the padding of the last record as the beginning of the next one.
        return parameters.isComplete && padding == 0 ? .whole : .malformed
      }
      let content = UnsafeRawBufferPointer(rebasing: bytes[min(next, bytes.count)..<min(next + length, bytes.count)])
      guard parameters.take(content) else { return .malformed }
      next += length + padding
    }
    return next + recordLength <= limit ? .partial : .malformed
  }
}

/// Follows the lengths of names and values through the content of FCGI_PARAMS records.
private struct ParameterLengths {
  /// Bytes of names and values that are still to come.
  private var text = 0
  /// The bytes of a length that has begun, and how many it has.
  private var length = 0
  private var missing = 0
  /// Whether the next length is that of a value.
  private var isValue = false

  /// Whether all names and values that have begun are complete.
  var isComplete: Bool { text == 0 && missing == 0 && !isValue }

  /// False: a length is longer than a header may be.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var next = 0
    while next < bytes.count {
      if text > 0, !isValue, missing == 0 {
        let piece = min(text, bytes.count - next)
        text -= piece
        next += piece
        continue
      }
      let byte = Int(bytes[next])
      next += 1
      if missing > 0 {
        length = length << 8 | byte
        missing -= 1
      } else if byte & 0x80 != 0 {
        length = byte & 0x7F
        missing = 3
      } else {
        length = byte
      }
      if missing == 0 {
        text += length
        isValue.toggle()
        if text > RequestHeader.limit { return false }
      }
    }
    return true
  }
}
