/// Writes a section as a map: every key that has an effect, with its value or its default.
final class SectionWriter: ConfigurationVisitor {
  private static let nowhere = YAMLNode.Origin.position(line: 0, column: 0)
  private var entries: [YAMLEntry] = []

  private init() {}

  /// The section as a map.
  static func write<Section: ConfigurationSection>(_ section: Section) -> YAMLNode {
    let writer = SectionWriter()
    var copy = section
    copy.visit(writer)
    return YAMLNode(content: .mapping(writer.entries), origin: nowhere)
  }

  var isReading: Bool { false }
  var given: [String] { [] }
  func isGiven(_ section: String, _ key: String) -> Bool { false }
  func skip(_ key: String) {}

  func value<Value: ConfigurationValue>(_ key: String, _ value: inout Value) {
    guard let content = value.content else { return }
    add(key, YAMLNode(content: content, origin: Self.nowhere))
  }

  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section) {
    add(key, Self.write(section))
  }

  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section?) {
    guard let section else { return }
    add(key, Self.write(section))
  }

  func list<Section: ConfigurationSection>(_ key: String, _ list: inout [Section]) {
    guard !list.isEmpty else { return }
    add(key, YAMLNode(content: .sequence(list.map { Self.write($0) }), origin: Self.nowhere))
  }

  func withoutEffect(_ body: () -> Void) {}
  func alias(_ body: () -> Void) {}
  func report(_ severity: ConfigurationProblem.Severity, _ key: String, _ message: String, remedy: String) {}

  private func add(_ key: String, _ node: YAMLNode) {
    entries.append(YAMLEntry(key: key, keyOrigin: Self.nowhere, value: node))
  }
}
