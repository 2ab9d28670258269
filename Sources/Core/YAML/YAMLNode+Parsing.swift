extension YAMLNode {
  /// What a document may be at the most. Aliases count as often as they are used, so a small file cannot
  /// grow into a huge tree.
  enum Limit {
    static let bytes = 1 << 20
    static let depth = 64
    static let nodes = 100_000
  }

  /// Parses the first document, as docker/distribution's parser does; what follows it is not looked at.
  /// An empty document is null.
  ///
  /// - Throws: `YAMLError` for what is no YAML, is beyond a limit, or names a key twice in one map.
  init(parsing bytes: [UInt8]) throws(YAMLError) {
    guard bytes.count <= Limit.bytes else {
      throw YAMLError(origin: .position(line: 1, column: 1), message: "it is larger than \(Limit.bytes) bytes")
    }
    var composer = try YAMLComposer(bytes)
    self = try composer.document()
  }

  /// The same value, written in the environment: every origin becomes the variable.
  func attributed(to variable: String) -> YAMLNode {
    let content: Content =
      switch content {
      case .scalar: self.content
      case .sequence(let elements): .sequence(elements.map { $0.attributed(to: variable) })
      case .mapping(let entries):
        .mapping(
          entries.map {
            YAMLEntry(key: $0.key, keyOrigin: .variable(variable), value: $0.value.attributed(to: variable))
          })
      }
    return YAMLNode(content: content, origin: .variable(variable))
  }
}

/// Builds the tree from the parser's events.
private struct YAMLComposer: ~Copyable {
  /// A node with what it adds where it is used again.
  struct Composed {
    var node: YAMLNode
    var nodes = 1
    var height = 1
  }

  private var events: YAMLEventStream
  private var anchors: [String: Composed] = [:]
  private var total = 0

  init(_ bytes: [UInt8]) throws(YAMLError) {
    events = try YAMLEventStream(bytes)
  }

  mutating func document() throws(YAMLError) -> YAMLNode {
    while true {
      let (event, origin) = try events.next()
      switch event {
      case .other: continue
      case .streamEnd, .documentEnd:
        return YAMLNode(content: .scalar(YAMLScalar(text: "", isString: false)), origin: origin)
      default: return try compose(event, at: origin, depth: 1).node
      }
    }
  }

  private mutating func compose(
    _ event: YAMLEventStream.Event, at origin: YAMLNode.Origin, depth: Int
  ) throws(YAMLError) -> Composed {
    switch event {
    case .scalar(let scalar, let anchor):
      return try keep(Composed(node: YAMLNode(content: .scalar(scalar), origin: origin)), anchor, at: origin, depth)
    case .sequenceStart(let anchor):
      try checkDepth(depth, at: origin)
      return try keep(try sequence(at: origin, depth: depth), anchor, at: origin, depth)
    case .mappingStart(let anchor):
      try checkDepth(depth, at: origin)
      return try keep(try mapping(at: origin, depth: depth), anchor, at: origin, depth)
    case .alias(let name):
      guard let known = anchors[name] else {
        throw YAMLError(
          origin: origin, message: "the alias *\(name)* stands for nothing: no anchor before it has its name")
      }
      try count(known.nodes, at: origin)
      try checkDepth(depth + known.height - 1, at: origin)
      return known
    case .collectionEnd, .documentEnd, .streamEnd, .other:
      throw YAMLError(origin: origin, message: "a value is missing")
    }
  }

  private mutating func sequence(at origin: YAMLNode.Origin, depth: Int) throws(YAMLError) -> Composed {
    var elements: [YAMLNode] = []
    var result = Composed(node: YAMLNode(content: .sequence([]), origin: origin))
    while true {
      let (event, place) = try events.next()
      if case .collectionEnd = event { break }
      let element = try compose(event, at: place, depth: depth + 1)
      elements.append(element.node)
      result.add(element)
    }
    result.node.content = .sequence(elements)
    return result
  }

  private mutating func mapping(at origin: YAMLNode.Origin, depth: Int) throws(YAMLError) -> Composed {
    var entries: [YAMLEntry] = []
    var merged: [YAMLEntry] = []
    var seen: [String: YAMLNode.Origin] = [:]
    var result = Composed(node: YAMLNode(content: .mapping([]), origin: origin))
    while true {
      let (keyEvent, keyOrigin) = try events.next()
      if case .collectionEnd = keyEvent { break }
      let key = try compose(keyEvent, at: keyOrigin, depth: depth + 1)
      guard let name = key.node.scalar else {
        throw YAMLError(origin: keyOrigin, message: "a list or a map can't be a key")
      }
      let (event, place) = try events.next()
      let value = try compose(event, at: place, depth: depth + 1)
      result.add(value)
      if name == YAMLScalar(text: "<<", isString: false) {
        merged += try mergeable(value.node)
        continue
      }
      if case .position(let line, _) = seen[name.text] {
        throw YAMLError(origin: keyOrigin, message: "the key \(name.text) is in this map already, at line \(line)")
      }
      seen[name.text] = keyOrigin
      entries.append(YAMLEntry(key: name.text, keyOrigin: keyOrigin, value: value.node))
    }
    // A merged key gives way to the map's own, and to those merged before it.
    for entry in merged where seen.updateValue(entry.keyOrigin, forKey: entry.key) == nil {
      entries.append(entry)
    }
    result.node.content = .mapping(entries)
    return result
  }

  private func mergeable(_ node: YAMLNode) throws(YAMLError) -> [YAMLEntry] {
    if let entries = node.entries { return entries }
    var all: [YAMLEntry] = []
    for element in node.elements ?? [node] {
      guard let entries = element.entries else {
        throw YAMLError(origin: element.origin, message: "only maps can be merged with <<")
      }
      all += entries
    }
    return all
  }

  private mutating func keep(
    _ composed: Composed, _ anchor: String?, at origin: YAMLNode.Origin, _ depth: Int
  ) throws(YAMLError) -> Composed {
    try count(1, at: origin)
    if let anchor { anchors[anchor] = composed }
    return composed
  }

  private mutating func count(_ nodes: Int, at origin: YAMLNode.Origin) throws(YAMLError) {
    total += nodes
    if total > YAMLNode.Limit.nodes {
      throw YAMLError(
        origin: origin, message: "it holds more than \(YAMLNode.Limit.nodes) values, aliases counted in full")
    }
  }

  private func checkDepth(_ depth: Int, at origin: YAMLNode.Origin) throws(YAMLError) {
    if depth > YAMLNode.Limit.depth {
      throw YAMLError(origin: origin, message: "it is nested deeper than \(YAMLNode.Limit.depth) levels")
    }
  }
}

extension YAMLComposer.Composed {
  fileprivate mutating func add(_ child: Self) {
    // Cannot overflow: no node counts for more than `YAMLNode.Limit.nodes`.
    nodes += child.nodes
    height = max(height, child.height + 1)
  }
}
