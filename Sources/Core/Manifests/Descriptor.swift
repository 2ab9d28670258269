/// What a manifest says of another content (OCI image-spec, descriptor.md).
public struct Descriptor: Sendable, Equatable {
  /// The content's type.
  public var mediaType: String
  /// The content's address.
  public var digest: Digest
  /// The content's size in bytes as the manifest gives it, which may be wrong, or negative
  /// (`validation.manifests.sizes`); nil where it gives none.
  public var size: Int64?
  /// Where else the content can be had.
  public var urls: [String] = []
  /// What an artifact is, where the content is one.
  public var artifactType: String?
  /// Free text for people and tools.
  public var annotations: [String: String] = [:]
  /// What an image runs on, where the content is one.
  public var platform: Platform?
  /// The size in bytes of the content where the manifest holds it, too (`data`).
  var dataSize: Int64?

  /// What an image runs on.
  public struct Platform: Sendable, Equatable {
    /// The processor, by Go's name.
    public var architecture = ""
    /// The operating system, by Go's name.
    public var os = ""
  }

  /// A descriptor with what every one has.
  public init(mediaType: String, digest: Digest, size: Int64?) {
    self.mediaType = mediaType
    self.digest = digest
    self.size = size
  }
}

extension Descriptor {
  /// Reads a descriptor; errors name the field.
  init(from reader: inout JSONReader) throws(JSONError) {
    var mediaType: String?
    var digest: Digest?
    var size: Int64?
    var urls: [String] = []
    var artifactType: String?
    var annotations: [String: String] = [:]
    var dataSize: Int64?
    var platform: Platform?
    var seen: Set<String> = []
    try reader.enterObject()
    while let key = try reader.nextMember() {
      guard seen.insert(key).inserted else { throw JSONError("is there twice", field: key) }
      if reader.takeNull() { continue }
      do {
        switch key {
        case "mediaType": mediaType = try reader.string()
        case "digest": digest = try Descriptor.digest(&reader)
        case "size": size = try reader.integer()
        case "urls": urls = try reader.strings()
        case "artifactType": artifactType = try reader.string()
        case "annotations": annotations = try reader.stringMap()
        case "data": dataSize = try Descriptor.dataSize(&reader)
        case "platform": platform = try Platform(from: &reader)
        default: try reader.skip()
        }
      } catch {
        throw error.inside(key)
      }
      if !Descriptor.known.contains(key) { try ManifestFields.refuse(key, ifIn: Descriptor.known) }
    }
    guard let mediaType, !mediaType.isEmpty else { throw JSONError("is missing", field: "mediaType") }
    guard let digest else { throw JSONError("is missing", field: "digest") }
    self.init(mediaType: mediaType, digest: digest, size: size)
    self.dataSize = dataSize
    self.urls = urls
    self.artifactType = artifactType
    self.annotations = annotations
    self.platform = platform
  }

  private static let known: Set<String> = [
    "mediaType", "digest", "size", "urls", "artifactType", "annotations", "data", "platform",
  ]

  private static func digest(_ reader: inout JSONReader) throws(JSONError) -> Digest {
    guard let digest = Digest(try reader.string()) else {
      throw JSONError("must be sha256: or sha512: with its lower-case hexadecimal digits")
    }
    return digest
  }

  /// How many bytes `data` holds, which is the content itself in base64 (RFC 4648, section 4).
  private static func dataSize(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
    let data = try reader.string()
    let padding = data.utf8.suffix(2).count { $0 == UInt8(ascii: "=") }
    let isBase64 =
      data.utf8.count % 4 == 0
      && data.utf8.dropLast(padding).allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
          true
        default:
          false
        }
      }
    guard isBase64 else { throw JSONError("must be base64") }
    return Int64(data.utf8.count / 4 * 3 - padding)
  }
}

extension Descriptor.Platform {
  fileprivate init(from reader: inout JSONReader) throws(JSONError) {
    self.init()
    try reader.enterObject()
    while let key = try reader.nextMember() {
      switch key {
      case "architecture": architecture = try reader.string()
      case "os": os = try reader.string()
      default: try reader.skip()
      }
    }
  }
}

extension JSONReader {
  /// A list of strings.
  mutating func strings() throws(JSONError) -> [String] {
    var strings: [String] = []
    try enterArray()
    while try nextElement() { strings.append(try string()) }
    return strings
  }

  /// An object whose values are strings; a null counts as an empty one, as it does for clients written in Go.
  mutating func stringMap() throws(JSONError) -> [String: String] {
    var map: [String: String] = [:]
    try enterObject()
    while let key = try nextMember() {
      do {
        map[key] = takeNull() ? "" : try string()
      } catch {
        throw error.inside(key)
      }
    }
    return map
  }
}
