/// What the registry needs to know of a pushed manifest. The manifest itself is kept byte for byte.
public struct Manifest: Sendable, Equatable {
  /// Its shape.
  public var kind: ManifestKind
  /// Its type, without parameters.
  public var mediaType: MediaType
  /// An image's configuration.
  public var config: Descriptor?
  /// An image's layers, an artifact's blobs.
  public var layers: [Descriptor] = []
  /// An index's children.
  public var manifests: [Descriptor] = []
  /// The manifest that this one says something about.
  public var subject: Descriptor?
  /// What the artifact is.
  public var artifactType: String?
  /// Free text for people and tools.
  public var annotations: [String: String] = [:]

  /// The most bytes that a manifest may have. The distribution spec asks for at least 4 megabytes.
  public static let maximumSize = 4 << 20

  /// What the list of referrers says under `artifactType` (distribution spec, "Listing Referrers").
  public var referrerArtifactType: String? {
    if let artifactType, !artifactType.isEmpty { return artifactType }
    return config?.mediaType
  }

  /// The manifest's own descriptor, as the list of referrers shows it.
  func referrerDescriptor(digest: Digest, size: Int) -> Descriptor {
    var descriptor = Descriptor(mediaType: mediaType.rawValue, digest: digest, size: Int64(size))
    descriptor.artifactType = referrerArtifactType
    descriptor.annotations = annotations
    return descriptor
  }
}
