import Core

/// The JSON document with the credentials of a container or an instance.
///
/// `{"Code": "Success", "AccessKeyId": …, "SecretAccessKey": …, "Token": …, "Expiration": "2026-01-02T03:04:05Z"}`; a
/// container's has no `Code`.
enum CredentialDocument {
  /// Throws `.failed` where it is malformed, `.unavailable` where it reports that there are no credentials now.
  /// `request` is named in the error.
  static func parse(_ body: [UInt8], request: CredentialRequest) throws(StorageError) -> S3Credentials {
    let fields: [String: String]
    do {
      fields = try read(body)
    } catch {
      throw StorageError(.failed, "the answer to \(request) is no JSON of credentials", cause: error.description)
    }
    if let code = fields["Code"], code != "Success" {
      throw StorageError(
        .unavailable, "\(request) gave no credentials",
        cause: CredentialResponse.words([code, fields["Message"]].compactMap { $0 }.joined(separator: ": ")))
    }
    guard let accessKey = fields["AccessKeyId"], let secretKey = fields["SecretAccessKey"] else {
      throw StorageError(.failed, "the answer to \(request) lacks AccessKeyId or SecretAccessKey")
    }
    var expiration: Int64?
    if let text = fields["Expiration"] {
      expiration = RFC3339.nanoseconds(text)
      guard expiration != nil else {
        throw StorageError(.failed, "the answer to \(request) has an Expiration that is no time")
      }
    }
    return S3Credentials(
      accessKey: accessKey, secretKey: Secret(secretKey), sessionToken: fields["Token"].map { Secret($0) },
      expiration: expiration)
  }

  private static let names: Set = ["Code", "Message", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"]

  /// The members that are used. `null` and empty ones count as absent.
  private static func read(_ body: [UInt8]) throws(JSONError) -> [String: String] {
    var fields: [String: String] = [:]
    var reader = JSONReader(body)
    try reader.enterObject()
    while let name = try reader.nextMember() {
      if !names.contains(name) {
        try reader.skip()
      } else if !reader.takeNull() {
        let value = try reader.string()
        fields[name] = value.isEmpty ? nil : value
      }
    }
    try reader.end()
    return fields
  }
}
