/// The media types that a registry knows by name; any other is a plain string.
public struct MediaType: RawRepresentable, Hashable, Sendable {
  /// The type without parameters, as `Content-Type` and descriptors carry it.
  public let rawValue: String

  /// Any type.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// OCI image manifest.
  public static let ociManifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
  /// OCI image index.
  public static let ociIndex = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
  /// OCI 1.1's withdrawn artifact manifest.
  public static let ociArtifact = MediaType(rawValue: "application/vnd.oci.artifact.manifest.v1+json")
  /// Docker image manifest, schema 2.
  public static let dockerManifest = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v2+json")
  /// Docker manifest list.
  public static let dockerManifestList = MediaType(
    rawValue: "application/vnd.docker.distribution.manifest.list.v2+json")
  /// Docker schema 1, unsigned.
  public static let dockerSchema1 = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v1+json")
  /// Docker schema 1, signed.
  public static let dockerSchema1Signed = MediaType(
    rawValue: "application/vnd.docker.distribution.manifest.v1+prettyjws")
  /// Bytes of no known kind.
  public static let octetStream = MediaType(rawValue: "application/octet-stream")
}
