/// Where a request's body goes in an upload: decided before a byte is read, so that a refusal changes nothing
/// (distribution spec, "Pushing a blob in chunks").
struct UploadChunk: Equatable {
  /// Bytes that must come, no more and no fewer; nil: whatever comes.
  var length: Int64?

  /// Of a request that carries the whole content.
  init(length: Int64?) {
    self.length = length
  }

  /// Why a body is refused.
  enum Refusal: Error, Equatable {
    /// It doesn't continue what is there: 416.
    case outOfOrder
    /// The range is not as long as the body: 400.
    case lengthMismatch
  }

  /// Decides.
  /// - Parameters:
  ///   - contentRange: the field; its range counts where there is one.
  ///   - contentLength: bytes that the client announced, if it did.
  ///   - stateOffset: the upload's size as the client knows it from `_state`; counts where there is no range.
  ///   - size: the upload's true size.
  init(contentRange: String?, contentLength: Int64?, stateOffset: Int64?, size: Int64) throws(Refusal) {
    guard let contentRange, !contentRange.isEmpty else {
      guard stateOffset == nil || stateOffset == size else { throw .outOfOrder }
      length = contentLength
      return
    }
    guard let range = UploadChunk.range(contentRange), range.lowerBound == size else { throw .outOfOrder }
    length = range.upperBound - range.lowerBound + 1
    guard contentLength == nil || contentLength == length else { throw .lengthMismatch }
  }

  /// First and last position of `<first>-<last>`, or of `bytes <first>-<last>/<size or *>` (RFC 9110, section 14.4).
  private static func range(_ field: String) -> ClosedRange<Int64>? {
    var rest = Substring(field).utf8
    let unit = "bytes ".utf8
    if rest.starts(with: unit) { rest = rest.dropFirst(unit.count) }
    var size = "*".utf8[...]
    if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
      (rest, size) = (rest[..<slash], rest[slash...].dropFirst())
    }
    guard let dash = rest.firstIndex(of: UInt8(ascii: "-")), let first = Decimal.exact(rest[..<dash]),
      let last = Decimal.exact(rest[rest.index(after: dash)...]), first <= last,
      size.elementsEqual("*".utf8) || Decimal.exact(size).map({ $0 > last }) ?? false
    else { return nil }
    return first...last
  }
}
