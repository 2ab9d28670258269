import HTTPTypes

extension BlobHandler {
  /// Makes nginx fetch the content from the object store and send it, at an internal location. Ranges and conditions of
  /// the request are evaluated here, with the registry's entity tag: the store has another one.
  /// - Parameters:
  ///   - url: a presigned URL of the object.
  ///   - fields: the header fields of the answer.
  /// - Returns: nil where the content must be sent from here: nginx can't fetch it, or the content is empty.
  func forward(
    _ url: String, _ blob: LinkedBlobStore.Blob, _ request: Request, _ fields: HTTPFields
  ) -> Response? {
    let prefix = context.configuration.fastcgi.accelPrefix
    guard !prefix.isEmpty, blob.size > 0, let target = Self.target(of: url) else { return nil }
    let range = Self.range(of: blob, request)
    var fields = fields
    switch range {
    case .whole: break
    case .part(let part): fields[.xBerthRange] = "bytes=\(part.lowerBound)-\(part.upperBound - 1)"
    case .unsatisfiable:
      return Self.rangeInvalid(of: blob, fields)
    }
    // nginx adds Accept-Ranges itself; do not send the field twice.
    fields[.acceptRanges] = nil
    fields[.xBerthObject] = String(target)
    if let cache = context.configuration.fastcgi.blobCache {
      fields[.xBerthLastPiece] = Self.lastPiece(of: blob.size, in: cache.slice.bytes)
    }
    // The path is the digest, which is the key of nginx's cache.
    fields[.xAccelRedirect] = "\(prefix)/\(blob.content)"
    return Response(.ok, fields: fields)
  }

  /// Range (with the blob's size) and length in the store's answer for the last piece of a blob that nginx fetches in
  /// pieces. All other pieces are as long as requested.
  static func lastPiece(of size: Int64, in slice: Int64) -> String {
    let start = (size - 1) / slice * slice
    return "bytes \(start)-\(size - 1)/\(size) \(size - start)"
  }

  /// Path and query of a URL, unchanged; nil where it has none.
  static func target(of url: String) -> Substring? {
    guard let scheme = url.firstRange(of: "://") else { return nil }
    let rest = url[scheme.upperBound...]
    return rest.firstIndex(of: "/").map { rest[$0...] }
  }
}
