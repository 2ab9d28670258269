/// A request's query parameters, decoded when they are asked for.
public struct Query: Sendable {
  private let text: String

  /// From a query without its `?`.
  public init(_ text: String) {
    self.text = text
  }

  /// The first value of `name`; nil where there is none. A parameter that is no valid encoding counts as absent.
  public func first(_ name: String) -> String? {
    text.isEmpty ? nil : all(name).first
  }

  /// Every value of `name`, in the order of the query.
  public func all(_ name: String) -> [String] {
    text.split(separator: "&").compactMap { pair in
      let equals = pair.firstIndex(of: "=")
      guard PercentEncoding.decode(pair[..<(equals ?? pair.endIndex)], form: true) == name else { return nil }
      return PercentEncoding.decode(equals.map { pair[pair.index(after: $0)...] } ?? "", form: true)
    }
  }
}

extension Request {
  /// The query parameters.
  public var parameters: Query { Query(query) }
}
