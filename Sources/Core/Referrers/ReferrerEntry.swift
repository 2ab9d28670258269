/// A referrer's descriptor as the list shows it.
struct ReferrerEntry: Equatable {
  /// The descriptor's JSON text.
  let json: [UInt8]
  /// What a filter compares.
  let artifactType: String?

  /// The longest text: annotations take most of it, and a control character becomes six bytes.
  static let maximumSize = 8 * Manifest.maximumSize

  /// From a manifest's descriptor.
  init(_ descriptor: Descriptor) {
    var json = JSONWriter()
    json.object { json in
      json.string("mediaType", descriptor.mediaType)
      json.string("digest", descriptor.digest.description)
      if let size = descriptor.size { json.integer("size", size) }
      if let artifactType = descriptor.artifactType { json.string("artifactType", artifactType) }
      if !descriptor.annotations.isEmpty {
        json.object("annotations") { json in
          for (key, value) in descriptor.annotations.sorted(by: { $0.key < $1.key }) { json.string(key, value) }
        }
      }
    }
    self.json = json.bytes
    artifactType = descriptor.artifactType
  }

  /// From a file's content; nil where it is torn, or is not about `digest`.
  init?(json: [UInt8], digest: Digest) {
    var reader = JSONReader(json)
    guard let descriptor = try? Descriptor(from: &reader), (try? reader.end()) != nil, descriptor.digest == digest
    else { return nil }
    self.json = json
    artifactType = descriptor.artifactType
  }
}
