/// A request's query parameters, decoded when they are asked for.
public struct Query: Sendable {
  private let text: String

  /// From a query without its `?`.
  public init(_ text: String) {
    self.text = text
  }

  /// The first value of `name`; nil where there is none.
  public func first(_ name: String) -> String? {
    text.isEmpty ? nil : all(name).first
  }

  /// Every value of `name`, in the order of the query. One that is no valid encoding is given as it stands, and is
  /// refused for what it then is.
  public func all(_ name: String) -> [String] {
    text.split(separator: "&").compactMap { pair in
      let equals = pair.firstIndex(of: "=")
      guard PercentEncoding.decode(pair[..<(equals ?? pair.endIndex)], form: true) == name else { return nil }
      let value = equals.map { pair[pair.index(after: $0)...] } ?? ""
      return PercentEncoding.decode(value, form: true) ?? String(value)
    }
  }
}

extension Request {
  /// The query parameters.
  public var parameters: Query { Query(query) }
}
