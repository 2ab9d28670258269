/// A YAML value that remembers where it was written.
struct YAMLNode: Sendable, Equatable {
  /// What the value is.
  indirect enum Content: Sendable, Equatable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }

  /// Where something was written.
  enum Origin: Sendable, Hashable {
    /// In the file; both count from 1.
    case position(line: Int, column: Int)
    /// In the value of an environment variable.
    case variable(String)
  }

  var content: Content
  var origin: Origin

  /// The scalar; nil for a list or a map.
  var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  /// The list's elements; nil for anything else.
  var elements: [YAMLNode]? {
    if case .sequence(let elements) = content { elements } else { nil }
  }

  /// The map's entries in the order of the file; nil for anything else.
  var entries: [YAMLEntry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  /// Whether nothing was given: `key:`, `key: ~`.
  var isNull: Bool { scalar?.isNull ?? false }
}

/// A key of a map with its value.
struct YAMLEntry: Sendable, Equatable {
  var key: String
  var keyOrigin: YAMLNode.Origin
  var value: YAMLNode
}

/// What a document is refused for.
struct YAMLError: Error, Equatable {
  var origin: YAMLNode.Origin
  var message: String
}
