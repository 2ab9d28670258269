import HTTPTypes

extension BlobHandler {
  /// Has the web server fetch the content from the object store and send it, at a location of its own that no client
  /// opens. What the client said of ranges and conditions is decided here, by our entity tag: the store has another.
  /// - Parameters:
  ///   - url: one that opens the object for a time.
  ///   - fields: of the answer.
  /// - Returns: nil where the content must be sent from here: there is no such web server, or there is nothing that
  ///   a store could give a part of.
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
    // The web server says so itself; it would be there twice.
    fields[.acceptRanges] = nil
    fields[.xBerthObject] = String(target)
    if let cache = context.configuration.fastcgi.blobCache {
      fields[.xBerthLastPiece] = Self.lastPiece(of: blob.size, in: cache.slice.bytes)
    }
    // Named by its content, which is what a cache in the web server goes by.
    fields[.xAccelRedirect] = "\(prefix)/\(blob.content)"
    return Response(.ok, fields: fields)
  }

  /// What a store says of the last piece of a blob, which is fetched in pieces: its range with the blob's size, and its
  /// length. Every other piece is as long as was asked for.
  static func lastPiece(of size: Int64, in slice: Int64) -> String {
    let start = (size - 1) / slice * slice
    return "bytes \(start)-\(size - 1)/\(size) \(size - start)"
  }

  /// Path and query of a URL, as they stand; nil where it has none.
  static func target(of url: String) -> Substring? {
    guard let scheme = url.firstRange(of: "://") else { return nil }
    let rest = url[scheme.upperBound...]
    return rest.firstIndex(of: "/").map { rest[$0...] }
  }
}
