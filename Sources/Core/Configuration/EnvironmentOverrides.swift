/// `REGISTRY_A_B=value` overrides `a.b`, as in docker/distribution: the value is parsed as YAML, parents apply
/// before their children, map keys match without case, a list's elements are named by their index.
struct EnvironmentOverrides {
  private static let prefix = "REGISTRY_"
  /// Keys for which docker/distribution uses its Go names, which differ from the keys of the file.
  private static let goNames: [String: String] = [
    "health.filecheckers": "file", "health.httpcheckers": "http", "health.tcpcheckers": "tcp",
    "notifications.eventconfig": "events", "log.hooks.mailoptions": "options",
  ]

  let log: ProblemLog

  /// Applies every override in `environment` to the parsed file.
  func apply(_ environment: [String: String], to root: inout YAMLNode) {
    Self.expandNames(in: &root)
    for (name, value) in environment.sorted(by: { $0.key < $1.key })
    where name.hasPrefix(Self.prefix) && name != Configuration.pathVariable {
      let path = name.dropFirst(Self.prefix.count).split(separator: "_", omittingEmptySubsequences: false)
      guard path.allSatisfy({ !$0.isEmpty }), path.count <= YAMLNode.Limit.depth else {
        warn(name, "no key is named so", remedy: "name the levels with one underscore between them")
        continue
      }
      guard path[0].lowercased() != "version" else {
        warn(name, "the version can't be overridden", remedy: "unset the variable")
        continue
      }
      do throws(YAMLError) {
        let payload = try YAMLNode(parsing: Array(value.utf8)).attributed(to: name)
        for (path, value) in Self.inlined(path.map { $0.lowercased() }, payload) {
          root = replacing(path[...], of: root, by: value, variable: name, keys: "")
        }
        Self.expandNames(in: &root)
      } catch {
        log.add(
          .error, .variable(name), path.joined(separator: ".").lowercased(),
          "the value is no YAML: \(error.message)", remedy: "put it in quotes within the value")
      }
    }
  }

  /// docker/distribution 3.0 keeps the keys of `redis` in a field of its own, `Options`, which shows in the environment
  /// alone: `REGISTRY_REDIS_OPTIONS_ADDRS`, or `REGISTRY_REDIS_OPTIONS` with a map of them.
  private static func inlined(_ path: [String], _ payload: YAMLNode) -> [(path: [String], value: YAMLNode)] {
    guard path.starts(with: ["redis", "options"]) else { return [(path, payload)] }
    if path.count > 2 { return [(["redis"] + path.dropFirst(2), payload)] }
    guard let entries = payload.entries else { return [(path, payload)] }
    return entries.map { (["redis", $0.key.lowercased()], $0.value) }
  }

  /// `storage: filesystem` and `auth: none` are short for a map with that one key.
  private static func expandNames(in root: inout YAMLNode) {
    guard var entries = root.entries else { return }
    for index in entries.indices where ["storage", "auth"].contains(entries[index].key) {
      let value = entries[index].value
      guard let scalar = value.scalar, !scalar.isNull else { continue }
      let null = YAMLNode(content: .scalar(YAMLScalar(text: "", isString: false)), origin: value.origin)
      entries[index].value.content = .mapping([
        YAMLEntry(key: scalar.text, keyOrigin: value.origin, value: null)
      ])
    }
    root.content = .mapping(entries)
  }

  /// `node` with the value at `path` replaced. `keys` are the keys above, for messages.
  private func replacing(
    _ path: ArraySlice<String>, of node: YAMLNode, by payload: YAMLNode, variable: String, keys: String
  ) -> YAMLNode {
    guard let step = path.first else { return payload }
    var result = node
    if node.isNull { result.content = step == "0" ? .sequence([]) : .mapping([]) }
    switch result.content {
    case .scalar:
      warn(variable, "\(keys) has no keys below it: the variable has no effect", remedy: "unset it")
    case .sequence(let elements):
      replaceElement(step, path.dropFirst(), in: &result, elements, payload, variable, keys)
    case .mapping(var entries):
      let key = Self.goNames["\(keys).\(step)"] ?? step
      let below = keys.isEmpty ? key : "\(keys).\(key)"
      let index = entries.firstIndex { $0.key.lowercased() == key } ?? entries.count
      if index == entries.count {
        entries.append(YAMLEntry(key: key, keyOrigin: .variable(variable), value: Self.null(variable)))
      }
      entries[index].value = replacing(
        path.dropFirst(), of: entries[index].value, by: payload, variable: variable, keys: below)
      if path.count == 1 { entries[index].keyOrigin = .variable(variable) }
      result.content = .mapping(entries)
    }
    return result
  }

  private func replaceElement(
    _ step: String, _ rest: ArraySlice<String>, in node: inout YAMLNode, _ elements: [YAMLNode], _ payload: YAMLNode,
    _ variable: String, _ keys: String
  ) {
    guard let index = Int(step), index >= 0, index <= elements.count else {
      log.add(
        .error, .variable(variable), keys, "\(step) is no element of this list",
        remedy: "give a number from 0 to \(elements.count); the last of them appends")
      return
    }
    var elements = elements
    if index == elements.count { elements.append(Self.null(variable)) }
    elements[index] = replacing(rest, of: elements[index], by: payload, variable: variable, keys: keys)
    node.content = .sequence(elements)
  }

  private static func null(_ variable: String) -> YAMLNode {
    YAMLNode(content: .scalar(YAMLScalar(text: "", isString: false)), origin: .variable(variable))
  }

  private func warn(_ variable: String, _ message: String, remedy: String) {
    log.add(.warning, .variable(variable), "", message, remedy: remedy)
  }
}
