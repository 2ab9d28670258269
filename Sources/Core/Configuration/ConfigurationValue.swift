/// A type that a key's value can have.
protocol ConfigurationValue {
  /// What is expected, for messages: `true or false`.
  static var expectation: String { get }
  /// nil where the node is nothing of the kind.
  init?(_ node: YAMLNode)
  /// As it is written; nil leaves the key out.
  var content: YAMLNode.Content? { get }
}

extension ConfigurationValue {
  /// A scalar that is not quoted.
  fileprivate func plain(_ text: String) -> YAMLNode.Content {
    .scalar(YAMLScalar(text: text, isString: false))
  }
}

extension String: ConfigurationValue {
  static var expectation: String { "text" }

  init?(_ node: YAMLNode) {
    guard let scalar = node.scalar else { return nil }
    self = scalar.text
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: maskingUsers, isString: true)) }
}

extension Bool: ConfigurationValue {
  static var expectation: String { "true or false, without quotes" }

  init?(_ node: YAMLNode) {
    guard let boolean = node.scalar?.boolean else { return nil }
    self = boolean
  }

  var content: YAMLNode.Content? { plain(self ? "true" : "false") }
}

extension Int: ConfigurationValue {
  static var expectation: String { "a whole number, without quotes" }

  init?(_ node: YAMLNode) {
    guard let integer = node.scalar?.integer else { return nil }
    self.init(exactly: integer)
  }

  var content: YAMLNode.Content? { plain(String(self)) }
}

extension Duration: ConfigurationValue {
  static var expectation: String { "a duration such as 7d, 168h, 1m30s or 500ms, of up to 292 years" }

  init?(_ node: YAMLNode) {
    guard let scalar = node.scalar else { return nil }
    if let nanoseconds = scalar.integer {
      self = .nanoseconds(nanoseconds)
    } else {
      self.init(goText: scalar.text)
    }
    if self < .zero { return nil }
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: goText, isString: false)) }
}

extension Secret: ConfigurationValue {
  static var expectation: String { String.expectation }

  init?(_ node: YAMLNode) {
    guard let text = String(node) else { return nil }
    self.init(text)
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: description, isString: true)) }
}

extension Array: ConfigurationValue where Element: ConfigurationValue {
  static var expectation: String { "a list, each element \(Element.expectation)" }

  init?(_ node: YAMLNode) {
    guard let elements = node.elements else { return nil }
    self = []
    for element in elements {
      guard let value = Element(element) else { return nil }
      append(value)
    }
  }

  var content: YAMLNode.Content? {
    isEmpty
      ? nil
      : .sequence(
        compactMap(\.content).map { YAMLNode(content: $0, origin: .position(line: 0, column: 0)) })
  }
}

extension Dictionary: ConfigurationValue where Key == String, Value: ConfigurationValue {
  static var expectation: String { "a map, each value \(Value.expectation)" }

  init?(_ node: YAMLNode) {
    guard let entries = node.entries else { return nil }
    self = [:]
    for entry in entries {
      guard let value = Value(entry.value) else { return nil }
      self[entry.key] = value
    }
  }

  var content: YAMLNode.Content? {
    let origin = YAMLNode.Origin.position(line: 0, column: 0)
    let entries = sorted { $0.key < $1.key }.compactMap { key, value in
      value.content.map {
        YAMLEntry(key: key, keyOrigin: origin, value: YAMLNode(content: $0, origin: origin))
      }
    }
    return entries.isEmpty ? nil : .mapping(entries)
  }
}

/// One of a few words, in upper or lower case as docker/distribution accepts them.
protocol ConfigurationKeyword: ConfigurationValue, RawRepresentable<String>, CaseIterable {}

extension ConfigurationKeyword {
  static var expectation: String {
    "one of " + allCases.map(\.rawValue).joined(separator: ", ")
  }

  init?(_ node: YAMLNode) {
    guard let text = node.scalar?.text.lowercased(),
      let match = Self.allCases.first(where: { $0.rawValue.lowercased() == text })
    else { return nil }
    self = match
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: rawValue, isString: true)) }
}

/// A value whose quotes don't count.
struct LooseValue<Wrapped: ConfigurationValue>: ConfigurationValue {
  static var expectation: String { Wrapped.expectation }
  var value: Wrapped

  init(value: Wrapped) { self.value = value }

  init?(_ node: YAMLNode) {
    var node = node
    if var scalar = node.scalar {
      scalar.isString = false
      node.content = .scalar(scalar)
    }
    guard let value = Wrapped(node) else { return nil }
    self.value = value
  }

  var content: YAMLNode.Content? { value.content }
}

/// A value that may be absent.
struct OptionalValue<Wrapped: ConfigurationValue>: ConfigurationValue {
  static var expectation: String { Wrapped.expectation }
  var value: Wrapped?

  init(value: Wrapped?) { self.value = value }

  init?(_ node: YAMLNode) {
    guard let value = Wrapped(node) else { return nil }
    self.value = value
  }

  var content: YAMLNode.Content? { value?.content }
}
