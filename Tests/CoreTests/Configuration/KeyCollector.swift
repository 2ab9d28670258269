@testable import Core

/// A key that the configuration can have, as its section shows it to a reader.
struct ConfigurationKey: Hashable {
  /// With the keys above it; `[]` stands for the elements of a list.
  var path: String
  /// As `berth check` would print it; empty where nothing is the default.
  var defaultText: String
  /// Whether it is an old name of another key.
  var isAlias: Bool
  /// Whether it is read for nothing.
  var hasNoEffect: Bool
}

/// Goes through a configuration as the reader of a file does, and notes every key that is shown.
final class KeyCollector: ConfigurationVisitor {
  /// Notes keys of sections, and of the sections in them.
  private final class Notes {
    var keys: Set<ConfigurationKey> = []
    var isAlias = false
    var hasNoEffect = false
  }

  private let notes: Notes
  private let path: String
  /// What is given in a section that shows other keys for it, by the section's path.
  private let choices: [String: String]

  private init(_ notes: Notes, path: String, choices: [String: String]) {
    self.notes = notes
    self.path = path
    self.choices = choices
  }

  /// Every key, whichever driver, kind of auth and middleware is chosen.
  static func all() -> Set<ConfigurationKey> {
    let notes = Notes()
    for driver in ["filesystem", "inmemory", "s3", "azure", "rados"] {
      for auth in ["none", "silly", "htpasswd", "token"] {
        for middleware in Configuration.Middleware.Kind.names {
          var configuration = Configuration()
          configuration.visit(
            KeyCollector(
              notes, path: "", choices: ["storage": driver, "auth": auth, "middleware.storage[].name": middleware]))
        }
      }
    }
    return notes.keys
  }

  var isReading: Bool { true }
  var given: [String] { choices[path].map { [$0] } ?? [] }
  func isGiven(_ section: String, _ key: String) -> Bool { false }
  func report(_ severity: ConfigurationProblem.Severity, _ key: String, _ message: String, remedy: String) {}

  func value<Value: ConfigurationValue>(_ key: String, _ value: inout Value) {
    note(key, value.content)
    guard let choice = choices[path(of: key)] else { return }
    let scalar = YAMLScalar(text: choice, isString: true)
    value = Value(YAMLNode(content: .scalar(scalar), origin: .position(line: 1, column: 1))) ?? value
  }

  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section) {
    section.visit(KeyCollector(notes, path: path(of: key), choices: choices))
  }

  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section?) {
    var inner = Section()
    self.section(key, &inner)
  }

  func list<Section: ConfigurationSection>(_ key: String, _ list: inout [Section]) {
    var element = Section()
    section("\(key)[]", &element)
  }

  func withoutEffect(_ body: () -> Void) {
    let before = notes.hasNoEffect
    notes.hasNoEffect = true
    body()
    notes.hasNoEffect = before
  }

  func alias(_ body: () -> Void) {
    notes.isAlias = true
    body()
    notes.isAlias = false
  }

  func skip(_ key: String) {
    withoutEffect { note(key, nil) }
  }

  private func note(_ key: String, _ content: YAMLNode.Content?) {
    var text = ""
    if case .scalar(let scalar)? = content { text = scalar.text }
    notes.keys.insert(
      ConfigurationKey(
        path: path(of: key), defaultText: notes.isAlias ? "" : text, isAlias: notes.isAlias,
        hasNoEffect: notes.hasNoEffect))
  }

  private func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
