import HTTPTypes

/// `/v2/`: that the registry speaks this API (distribution spec, "Determining Support").
enum BaseHandler {
  private static let fields: HTTPFields = [.contentType: "application/json"]
  private static let body = Array("{}".utf8)

  /// The same answer for every client.
  static var response: Response {
    Response(.ok, fields: fields, body: .bytes(body))
  }
}
