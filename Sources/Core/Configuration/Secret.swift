/// Text that must not reach a log: it is masked wherever it is printed.
public struct Secret: Sendable, Hashable, ExpressibleByStringLiteral {
  /// The text itself.
  public let value: String

  /// Hides `value`.
  public init(_ value: String) {
    self.value = value
  }

  /// Hides a literal.
  public init(stringLiteral value: String) {
    self.init(value)
  }

  /// Whether there is none.
  public var isEmpty: Bool { value.isEmpty }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Asterisks, as many for every secret; empty where there is none.
  public var description: String { isEmpty ? "" : "********" }

  /// As `description`.
  public var debugDescription: String { description }

  /// Nothing: `dump` would print the value.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
