import Core

/// The path and query of a request, encoded in the same way for sending and for signing: otherwise the server refuses
/// the request.
///
/// AWS, "Authenticating Requests: Using the Authorization Header": every byte but `A-Za-z0-9-._~` is `%XX` in upper
/// case, once; the path keeps its slashes, and is not normalised.
public enum S3RequestTarget {
  /// Encodes a path such as `/bucket/some key`.
  public static func path(_ text: String) -> String {
    PercentEncoding.encode(text, keepingSlashes: true)
  }

  /// Encodes a query, sorted by the encoded name and value, without a `?`. A parameter without a value has a `=` too.
  public static func query(_ parameters: [(name: String, value: String)]) -> String {
    parameters
      .map { (name: PercentEncoding.encode($0.name), value: PercentEncoding.encode($0.value)) }
      .sorted { $0 < $1 }
      .map { "\($0.name)=\($0.value)" }
      .joined(separator: "&")
  }
}
