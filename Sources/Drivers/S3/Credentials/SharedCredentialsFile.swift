import Core

/// The file that AWS' tools share: `AWS_SHARED_CREDENTIALS_FILE`, or else `~/.aws/credentials`; in it the profile
/// `AWS_PROFILE`, or else `default` (AWS SDKs and Tools Reference Guide, "Shared config and credentials files").
struct SharedCredentialsFile: CredentialSource {
  var environment: CredentialEnvironment

  var name: String { "the shared credentials file" }

  func find() async throws(StorageError) -> CredentialFinding {
    guard let path = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? environment["HOME"].map({ $0 + "/.aws/credentials" })
    else { return .none("AWS_SHARED_CREDENTIALS_FILE and HOME are not set") }
    do {
      guard let text = try CredentialFile.text(at: path) else { return .none("there is no \(path)") }
      return Self.read(text, profile: environment["AWS_PROFILE"] ?? "default", path: path)
    } catch {
      return .none(error.description)
    }
  }

  private static func read(_ text: String, profile: String, path: String) -> CredentialFinding {
    guard let values = values(of: profile, in: text) else { return .none("\(path) has no profile \(profile)") }
    guard let accessKey = values["aws_access_key_id"], let secretKey = values["aws_secret_access_key"] else {
      return .none("profile \(profile) of \(path) lacks aws_access_key_id or aws_secret_access_key")
    }
    return .found(
      S3Credentials(
        accessKey: accessKey, secretKey: Secret(secretKey),
        sessionToken: values["aws_session_token"].map { Secret($0) }))
  }

  /// The non-empty values of a section, by key in lower case. If the section occurs several times, all are merged; the
  /// last value of a key counts. nil where there is no such section.
  static func values(of profile: String, in text: String) -> [String: String]? {
    var values: [String: String]?
    var isInside = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmedOfSpace
      if line.hasPrefix("[") {
        isInside = line.hasSuffix("]") && line.dropFirst().dropLast().trimmedOfSpace == profile
        if isInside { values = values ?? [:] }
      } else if isInside, !line.hasPrefix("#"), !line.hasPrefix(";"), let equals = line.firstIndex(of: "=") {
        let value = line[line.index(after: equals)...].trimmedOfSpace
        if !value.isEmpty { values?[line[..<equals].trimmedOfSpace.lowercased()] = String(value) }
      }
    }
    return values
  }
}
