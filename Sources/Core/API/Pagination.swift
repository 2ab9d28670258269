import HTTPTypes

/// The page of a list that a client requests (`n`, `last`), and the link to the next page (distribution spec,
/// "Listing Tags").
struct Pagination {
  /// Requested number of entries; nil where the client gives none.
  let limit: Int?
  /// The page begins after this entry.
  let last: String

  /// Reads the query. A number above `maximum` counts as that.
  /// - Throws: `PAGINATION_NUMBER_INVALID` for what is not a number, or negative.
  init(_ request: Request, maximum: Int) throws(RegistryError) {
    let query = request.parameters
    last = query.first("last") ?? ""
    guard let text = query.first("n"), !text.isEmpty else {
      limit = nil
      return
    }
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      throw RegistryError(
        .paginationNumberInvalid, "n must be a number, and not negative", detail: ["n": String(text.prefix(64))])
    }
    // Digits that don't fit are a number above any maximum.
    limit = min(Int(text) ?? .max, max(0, maximum))
  }

  /// `Link` to the page after `last` (RFC 8288). `path` is below the prefix.
  static func next(
    _ path: String, _ parameters: [(String, String)], _ http: Configuration.HTTP
  ) -> HTTPField {
    let query = parameters.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    return HTTPField(name: .link, value: "<\(http.prefix)\(path)?\(query)>; rel=\"next\"")
  }
}
