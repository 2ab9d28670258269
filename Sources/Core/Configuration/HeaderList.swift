import HTTPTypes

/// Header fields as the configuration writes them: a map of names, each with a list of values.
struct HeaderList: ConfigurationValue {
  static let expectation = "a map of header names, each with a list of values that fit in one line"
  var fields = HTTPFields()

  init(fields: HTTPFields = HTTPFields()) { self.fields = fields }

  init?(_ node: YAMLNode) {
    guard let entries = node.entries else { return nil }
    for entry in entries {
      guard let name = HTTPField.Name(entry.key) else { return nil }
      // One value without a list is what is meant by it.
      guard let values = [String](entry.value) ?? String(entry.value).map({ [$0] }) else { return nil }
      for value in values {
        guard HTTPField.isValidValue(value), value.utf8.allSatisfy({ $0 != 0x0D && $0 != 0x0A }) else { return nil }
        fields.append(HTTPField(name: name, value: value))
      }
    }
  }

  var content: YAMLNode.Content? {
    let origin = YAMLNode.Origin.position(line: 0, column: 0)
    var entries: [YAMLEntry] = []
    for field in fields where !entries.contains(where: { $0.key == field.name.rawName }) {
      guard let values = fields[values: field.name].content else { continue }
      entries.append(
        YAMLEntry(key: field.name.rawName, keyOrigin: origin, value: YAMLNode(content: values, origin: origin)))
    }
    return entries.isEmpty ? nil : .mapping(entries)
  }
}
