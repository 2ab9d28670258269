/// The state that a client returns with each request of an upload (`_state`), signed, so that it can't be forged.
///
/// The format is docker/distribution's: base64url of HMAC-SHA256 and JSON. Another registry with the same `http.secret`
/// can continue an upload.
struct UploadStateToken: Equatable {
  /// The repository.
  var name: String
  /// The upload.
  var id: String
  /// Bytes that the upload held.
  var offset: Int64
  /// When it began (RFC 3339).
  var startedAt: String

  /// The longest token that is accepted: a name of 255 bytes fits several times.
  private static let maximumLength = 4096

  /// Of an upload as it stands.
  init(_ upload: Upload, in repository: RepositoryName) {
    name = repository.description
    id = upload.id.description
    offset = upload.size
    startedAt = upload.startedAt
  }

  /// Signs; ready to stand in a query.
  func token(secret: String) -> String {
    var json = JSONWriter()
    json.object { json in
      json.string("Name", name)
      json.string("UUID", id)
      json.integer("Offset", offset)
      json.string("StartedAt", startedAt)
    }
    let code = MessageAuthentication.code(of: json.bytes, key: Array(secret.utf8))
    return PercentEncoding.encode(Base64URL.encode(code + json.bytes))
  }

  /// Verifies; nil where the token wasn't signed with `secret`, or holds no state.
  init?(token: String, secret: String) {
    guard token.utf8.count <= UploadStateToken.maximumLength, let bytes = Base64URL.decode(token),
      bytes.count > MessageAuthentication.length
    else { return nil }
    let json = Array(bytes[MessageAuthentication.length...])
    let code = MessageAuthentication.code(of: json, key: Array(secret.utf8))
    guard MessageAuthentication.areEqual(code, Array(bytes[..<MessageAuthentication.length])),
      let state = try? UploadStateToken(json: json)
    else { return nil }
    self = state
  }

  private init(json: [UInt8]) throws(JSONError) {
    (name, id, offset, startedAt) = ("", "", 0, "")
    var reader = JSONReader(json)
    try reader.enterObject()
    while let key = try reader.nextMember() {
      switch key {
      case "Name": name = try reader.string()
      case "UUID": id = try reader.string()
      case "Offset": offset = try reader.integer()
      case "StartedAt": startedAt = try reader.string()
      default: try reader.skip()
      }
    }
    try reader.end()
  }
}
