/// A URL that paths are put behind: without query, and with a path that every web server understands as it stands.
public struct BaseURL: Sendable, Hashable {
  /// The URL, without a slash at its end.
  public let url: WebURL
  /// The URL's path, decoded: empty, or beginning with a slash.
  public let path: String
  private let text: String

  /// nil where `text` is something else.
  public init?(_ text: String) {
    guard var url = WebURL(text), url.query == nil, var path = PercentEncoding.decode(url.path) else { return nil }
    while path.hasSuffix("/") { path.removeLast() }
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    guard segments.allSatisfy({ !["", ".", ".."].contains($0) }),
      path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
    else { return nil }
    url.path = PercentEncoding.encode(path, keepingSlashes: true)
    self.url = url
    self.path = path
    self.text = url.text
  }

  /// The URL of what has this path below it. The path begins with a slash and is percent-encoded.
  public func url(of path: String) -> String {
    text + path
  }
}

extension ConfigurationVisitor {
  /// A base URL that is required. One without a scheme is read as though it began with `prefix`.
  func baseURL(_ key: String, _ url: inout BaseURL?, assuming prefix: String = "") {
    var text = url?.url.text ?? ""
    value(key, &text)
    guard isReading else { return }
    if text.isEmpty { return report(.error, key, "it is required", remedy: "give the URL that files are found below") }
    url = BaseURL(text.contains("://") ? text : prefix + text)
    if url == nil {
      report(
        .error, key, "this is no absolute URL of http or https that paths can follow",
        remedy: "give one such as https://example.com/path, without user, query, // and ..")
    }
  }
}
