/// A descriptor, and where in its manifest it stands.
struct NamedDescriptor {
  /// The member of the manifest.
  let member: String
  /// The place in the member's list; nil where it is none.
  let index: Int?
  let descriptor: Descriptor

  /// As errors name it: `layers[2]`.
  var field: String { index.map { "\(member)[\($0)]" } ?? member }
}

extension Manifest {
  /// All descriptors.
  var namedDescriptors: [NamedDescriptor] {
    namedConfig + namedLayers + namedChildren
      + (subject.map { [NamedDescriptor(member: "subject", index: nil, descriptor: $0)] } ?? [])
  }

  /// The blobs that must be there. Layers with URLs may be elsewhere.
  var blobsToVerify: [NamedDescriptor] { namedConfig + namedLayers.filter(\.descriptor.urls.isEmpty) }

  /// An index's children.
  var namedChildren: [NamedDescriptor] { named("manifests", manifests) }

  private var namedConfig: [NamedDescriptor] {
    config.map { [NamedDescriptor(member: "config", index: nil, descriptor: $0)] } ?? []
  }

  private var namedLayers: [NamedDescriptor] { named(kind == .artifact ? "blobs" : "layers", layers) }

  private func named(_ member: String, _ descriptors: [Descriptor]) -> [NamedDescriptor] {
    descriptors.enumerated().map { NamedDescriptor(member: member, index: $0.offset, descriptor: $0.element) }
  }
}
