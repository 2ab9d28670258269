/// A manifest's top-level members: where the value of each that the registry knows begins.
///
/// A null counts as absent, as it does for the clients, which are written in Go. A name that is there twice, or
/// in another case (Go's decoder takes it all the same), is refused: two readers must not see two manifests.
struct ManifestFields {
  private let content: [UInt8]
  private var values: [String: Int] = [:]
  private var nulls: Set<String> = []

  private static let known: Set<String> = [
    "schemaVersion", "mediaType", "artifactType", "config", "layers", "blobs", "manifests", "subject", "annotations",
  ]

  /// Steps through the whole text, so that what is wrong with it anywhere is found.
  init(_ content: [UInt8]) throws(JSONError) {
    self.content = content
    var reader = JSONReader(content)
    try reader.enterObject()
    while let key = try reader.nextMember() {
      guard ManifestFields.known.contains(key) else {
        try ManifestFields.refuse(key, ifIn: ManifestFields.known)
        try reader.skip()
        continue
      }
      guard values[key] == nil, !nulls.contains(key) else { throw JSONError("is there twice", field: key) }
      if reader.takeNull() {
        nulls.insert(key)
      } else {
        do {
          values[key] = try reader.skip()
        } catch {
          throw error.inside(key)
        }
      }
    }
    try reader.end()
  }

  /// Throws where a member's name is one of `known` but for its case, which Go's decoder takes all the same.
  static func refuse(_ key: String, ifIn known: Set<String>) throws(JSONError) {
    // Go takes a long s for an s, too.
    let folded = key.lowercased().map { $0 == "\u{17F}" ? "s" : $0 }
    guard known.contains(where: { $0.lowercased().elementsEqual(folded) }) else { return }
    throw JSONError("is written in another case than the specification has it", field: key)
  }

  /// Whether the member is there and not null.
  func has(_ name: String) -> Bool { values[name] != nil }

  /// Whether the member is there, be it null.
  func names(_ name: String) -> Bool { has(name) || nulls.contains(name) }

  /// The member's value; nil where it is absent.
  func read<Value>(
    _ name: String, _ body: (inout JSONReader) throws(JSONError) -> Value
  ) throws(JSONError) -> Value? {
    guard let position = values[name] else { return nil }
    var reader = JSONReader(content, at: position)
    do {
      return try body(&reader)
    } catch {
      throw error.inside(name)
    }
  }

  /// The member's descriptors; nil where it is absent.
  func descriptors(_ name: String) throws(JSONError) -> [Descriptor]? {
    guard let position = values[name] else { return nil }
    var reader = JSONReader(content, at: position)
    var descriptors: [Descriptor] = []
    do {
      try reader.enterArray()
    } catch {
      throw error.inside(name)
    }
    do {
      while try reader.nextElement() { descriptors.append(try Descriptor(from: &reader)) }
    } catch {
      throw error.inside(name, at: descriptors.count)
    }
    return descriptors
  }

  /// Throws where one of these members is there (CVE-2021-41190).
  func refuse(_ names: [String], as message: String) throws(JSONError) {
    for name in names where has(name) { throw JSONError(message, field: name) }
  }
}
