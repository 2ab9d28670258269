/// Fills a section from its map, and goes on after a mistake so that all of them are reported at once.
final class SectionReader: ConfigurationVisitor {
  private let entries: [YAMLEntry]
  private let origin: YAMLNode.Origin
  /// The section's key with those above it; empty for the file itself.
  private let path: String
  private let log: ProblemLog
  /// The keys that the section has, in the order in which it shows them.
  private var known: [String] = []
  private var isReadingAlias = false

  private init(_ entries: [YAMLEntry], origin: YAMLNode.Origin, path: String, log: ProblemLog) {
    self.entries = entries
    self.origin = origin
    self.path = path
    self.log = log
  }

  /// Fills `section` from `node`, which is expected to be a map.
  static func read<Section: ConfigurationSection>(
    _ section: inout Section, from node: YAMLNode, path: String, log: ProblemLog
  ) {
    guard let entries = node.isNull ? [] : node.entries else {
      log.add(
        .error, node.origin, path, "a map is expected here",
        remedy: path.isEmpty ? "begin with `version: 0.1`" : "put its keys below it, indented")
      return
    }
    let reader = SectionReader(entries, origin: node.origin, path: path, log: log)
    section.visit(reader)
    reader.reportUnknownKeys()
  }

  var isReading: Bool { true }

  var given: [String] { entries.map(\.key) }

  func isGiven(_ section: String, _ key: String) -> Bool {
    entries.first { $0.key == section }?.value.entries?.contains { $0.key == key && !$0.value.isNull } ?? false
  }

  func skip(_ key: String) { known.append(key) }

  func value<Value: ConfigurationValue>(_ key: String, _ value: inout Value) {
    guard let node = node(key) else { return }
    guard let parsed = Value(node) else {
      log.add(.error, node.origin, path(of: key), "this is not \(Value.expectation)", remedy: "correct the value")
      return
    }
    value = parsed
  }

  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section) {
    // One that is given without any keys may lack some that it must have.
    guard let node = node(key) ?? entries.first(where: { $0.key == key })?.value else { return }
    Self.read(&section, from: node, path: path(of: key), log: log)
  }

  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section?) {
    guard let node = node(key) else { return }
    var value = Section()
    Self.read(&value, from: node, path: path(of: key), log: log)
    section = value
  }

  func list<Section: ConfigurationSection>(_ key: String, _ list: inout [Section]) {
    guard let node = node(key) else { return }
    guard let elements = node.elements else {
      log.add(.error, node.origin, path(of: key), "a list is expected here", remedy: "begin each element with `- `")
      return
    }
    list = elements.enumerated().map { index, element in
      var value = Section()
      Self.read(&value, from: element, path: path(of: "\(key)[\(index)]"), log: log)
      return value
    }
  }

  func withoutEffect(_ body: () -> Void) { body() }

  func alias(_ body: () -> Void) {
    isReadingAlias = true
    body()
    isReadingAlias = false
  }

  func report(_ severity: ConfigurationProblem.Severity, _ key: String, _ message: String, remedy: String) {
    let place =
      entries.first { $0.key == key }?.keyOrigin
      ?? YAMLNode(content: .mapping(entries), origin: origin).origin(of: key)
    log.add(severity, place, key.isEmpty ? path : path(of: key), message, remedy: remedy)
  }

  /// The key's value; nil where it is absent or null. Marks the key as known.
  private func node(_ key: String) -> YAMLNode? {
    if !isReadingAlias || given.contains(key) { known.append(key) }
    guard let value = entries.first(where: { $0.key == key })?.value, !value.isNull else { return nil }
    return value
  }

  private func path(of key: String) -> String {
    path.isEmpty ? key : "\(path).\(key)"
  }

  private func reportUnknownKeys() {
    for entry in entries where !known.contains(entry.key) {
      let nearest = nearestKey(to: entry.key, among: known)
      log.add(
        .warning, entry.keyOrigin, path(of: entry.key), "the key is unknown and has no effect",
        remedy: nearest.map { "did you mean \($0)?" } ?? "known here: \(known.joined(separator: ", "))")
    }
  }
}

/// Gathers what is wrong.
final class ProblemLog {
  private let file: String
  private var entries: [(origin: YAMLNode.Origin, problem: ConfigurationProblem)] = []

  /// `file` names the file in messages.
  init(file: String) { self.file = file }

  /// All problems: those of the file by line, then those of the environment by variable.
  var problems: [ConfigurationProblem] {
    let ranked = entries.enumerated().map { index, entry in
      (rank: Self.rank(entry.origin), index: index, problem: entry.problem)
    }
    return ranked.sorted { first, second in
      (first.rank.line, first.rank.variable, first.index) < (second.rank.line, second.rank.variable, second.index)
    }.map(\.problem)
  }

  func add(
    _ severity: ConfigurationProblem.Severity, _ origin: YAMLNode.Origin, _ key: String, _ message: String,
    remedy: String
  ) {
    let problem = ConfigurationProblem(
      severity: severity, place: .init(origin, in: file), key: key, message: message, remedy: remedy)
    if !entries.contains(where: { $0.problem == problem }) { entries.append((origin, problem)) }
  }

  private static func rank(_ origin: YAMLNode.Origin) -> (line: Int, variable: String) {
    switch origin {
    case .position(let line, _): (line, "")
    case .variable(let name): (.max, name)
    }
  }
}
