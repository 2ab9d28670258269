extension YAMLNode {
  /// Where a key is written: `a.b[0].c`, below this node. Where it is not there, the nearest one above it is.
  func origin(of key: String) -> Origin {
    var (node, origin) = (self, self.origin)
    for step in key.split(separator: ".") {
      let parts = step.split(separator: "[")
      guard let name = parts.first, let entry = node.entries?.first(where: { $0.key == name }) else { return origin }
      (node, origin) = (entry.value, entry.keyOrigin)
      for part in parts.dropFirst() {
        guard let index = Int(part.dropLast()), let elements = node.elements, elements.indices.contains(index) else {
          return origin
        }
        (node, origin) = (elements[index], elements[index].origin)
      }
    }
    return origin
  }
}

extension Configuration.Loaded {
  /// A problem with a key (`a.b[0].c`), at the place where that is written, or the nearest one above it.
  public func problem(
    _ severity: ConfigurationProblem.Severity, _ key: String, _ message: String, remedy: String
  ) -> ConfigurationProblem {
    ConfigurationProblem(
      severity: severity, place: .init(root.origin(of: key), in: file), key: key, message: message, remedy: remedy)
  }

  /// Whether a key is written in the file or in the environment.
  public func isGiven(_ key: String) -> Bool {
    var node = root
    for step in key.split(separator: ".") {
      guard let entry = node.entries?.first(where: { $0.key == step }) else { return false }
      node = entry.value
    }
    return true
  }
}

extension ConfigurationProblem.Place {
  /// The place of what was written in `file` or in the environment.
  init(_ origin: YAMLNode.Origin, in file: String) {
    switch origin {
    case .position(let line, _): self = .file(file, line: line)
    case .variable(let name): self = .variable(name)
    }
  }
}
