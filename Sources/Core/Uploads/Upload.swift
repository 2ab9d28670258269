/// An upload that isn't finished, as it stands.
struct Upload: Equatable {
  /// Its name.
  var id: UploadID
  /// When it began (RFC 3339, UTC).
  var startedAt: String
  /// Bytes received.
  var size: Int64

  /// For `Range`: `0-<last byte>`, and `0-0` where there is none, as docker/distribution has it.
  var range: String { "0-\(max(0, size - 1))" }
}
