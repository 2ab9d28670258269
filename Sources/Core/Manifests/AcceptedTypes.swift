/// The media types that a client says it takes (`Accept`, RFC 9110, section 12.5.1). Weights are ignored, as
/// docker/distribution does.
struct AcceptedTypes {
  private let list: String?

  /// From the header field; several fields are joined by commas.
  init(_ field: String?) {
    list = field
  }

  /// Whether the client named types, and no wildcard among them.
  var isSelective: Bool {
    guard let list, !list.isEmpty else { return false }
    return !contains("*/*") && !contains("application/*")
  }

  /// Whether the client named this type.
  func contains(_ type: String) -> Bool {
    guard var rest = list?.utf8[...] else { return false }
    while true {
      let item = rest.prefix { $0 != UInt8(ascii: ",") }
      let name = item.prefix { $0 != UInt8(ascii: ";") }.drop(while: AcceptedTypes.isBlank)
      if name.starts(with: type.utf8), name.dropFirst(type.utf8.count).allSatisfy(AcceptedTypes.isBlank) { return true }
      guard item.endIndex != rest.endIndex else { return false }
      rest = rest[item.endIndex...].dropFirst()
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }
}

/// How a stored manifest answers what a client accepts.
enum Negotiation: Equatable {
  /// As it is.
  case serve
  /// The child for linux/amd64 in its place: the client knows no manifest lists.
  case serveDefaultPlatform
  /// Not at all, and why.
  case refuse(String)

  /// As docker/distribution decides: OCI types only to those who name them; a manifest list that was asked for
  /// by tag is replaced by one of its children for those who don't name lists; whatever else, as it is.
  init(_ mediaType: MediaType, accepting accepted: AcceptedTypes, byTag: Bool) {
    guard accepted.isSelective, !accepted.contains(mediaType.rawValue) else {
      self = .serve
      return
    }
    switch mediaType {
    case .ociManifest:
      self = .refuse("OCI manifest found, but accept header does not support OCI manifests")
    case .ociIndex:
      self = .refuse("OCI index found, but accept header does not support OCI indexes")
    case .dockerManifestList where byTag:
      self = .serveDefaultPlatform
    default:
      self = .serve
    }
  }
}
