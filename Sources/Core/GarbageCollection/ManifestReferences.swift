/// The references of a stored manifest of any kind, determined from its structure alone.
///
/// It is taken down more liberally than what is pushed now: in whatever case a name is written, however often it is
/// there. What other registries accepted must not lose its layers because this one would have refused it.
struct ManifestReferences: Equatable, Sendable {
  /// Configuration, layers, blobs.
  private(set) var contents: [Digest] = []
  /// An index's children.
  private(set) var manifests: [Digest] = []
  /// What it says something about. It does not keep that.
  private(set) var subject: Digest?
  /// Whether signatures are kept beside it.
  private(set) var isSchema1 = false
  private var isManifest = false

  /// nil where its references are not known: it is no JSON, no manifest, or it names a digest that the
  /// registry knows no algorithm for.
  init?(_ content: [UInt8]) {
    do {
      var reader = JSONReader(content)
      try reader.enterObject()
      while let key = try reader.nextMember() { try read(ManifestReferences.folded(key), &reader) }
      try reader.end()
    } catch {
      return nil
    }
    guard isManifest else { return nil }
  }

  private mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONError) {
    switch key {
    case "config", "layers", "blobs", "manifests", "fslayers", "mediatype": isManifest = true
    default: break
    }
    if reader.takeNull() { return }
    switch key {
    case "config": contents.append(try ManifestReferences.digest("digest", &reader))
    case "layers", "blobs": contents += try ManifestReferences.digests("digest", &reader)
    case "manifests": manifests += try ManifestReferences.digests("digest", &reader)
    case "subject": subject = try ManifestReferences.digest("digest", &reader)
    case "fslayers":
      contents += try ManifestReferences.digests("blobsum", &reader)
      isSchema1 = true
    default: try reader.skip()
    }
  }

  private static func digests(_ name: String, _ reader: inout JSONReader) throws(JSONError) -> [Digest] {
    var digests: [Digest] = []
    try reader.enterArray()
    while try reader.nextElement() { digests.append(try digest(name, &reader)) }
    return digests
  }

  /// The digest that an object has under `name`.
  private static func digest(_ name: String, _ reader: inout JSONReader) throws(JSONError) -> Digest {
    var found: Digest?
    try reader.enterObject()
    while let key = try reader.nextMember() {
      guard folded(key) == name else {
        try reader.skip()
        continue
      }
      guard let digest = Digest(try reader.string()) else { throw JSONError("is no digest", field: key) }
      guard found == nil || found == digest else { throw JSONError("is there twice", field: key) }
      found = digest
    }
    guard let found else { throw JSONError("is missing", field: name) }
    return found
  }

  /// As Go compares names: without case, a long s for an s, a Kelvin sign for a k.
  private static func folded(_ key: String) -> String {
    guard key.utf8.contains(where: { !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else { return key }
    return String(key.lowercased().map { $0 == "\u{17F}" ? "s" : $0 })
  }
}
