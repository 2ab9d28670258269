/// The shapes of manifests.
public enum ManifestKind: Sendable, Equatable {
  /// Config and layers: OCI image, docker schema 2.
  case image
  /// Other manifests: OCI index, docker manifest list.
  case index
  /// Blobs alone: the artifact manifest that OCI 1.1 withdrew.
  case artifact
  /// Docker schema 1: its payload is kept as content, its signatures are linked beside the revision, and what
  /// a client wants is made from both.
  case schema1

  /// The kind that a media type stands for; nil for one that the registry does not know by name.
  init?(_ mediaType: MediaType) {
    switch mediaType {
    case .ociManifest, .dockerManifest: self = .image
    case .ociIndex, .dockerManifestList: self = .index
    case .ociArtifact: self = .artifact
    case .dockerSchema1, .dockerSchema1Signed: self = .schema1
    default: return nil
    }
  }
}
