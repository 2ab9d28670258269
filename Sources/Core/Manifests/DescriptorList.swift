/// Descriptors of a manifest, and which of its members they are: one to look up, or to name in an error.
struct DescriptorList {
  /// The manifest's member.
  let member: String
  /// Whether the member is a list; otherwise it has one descriptor at the most.
  let isList: Bool
  let descriptors: [Descriptor]

  /// A descriptor as errors name it: `layers[2]`.
  func field(_ index: Int) -> String { isList ? "\(member)[\(index)]" : member }
}

extension Manifest {
  var configList: DescriptorList {
    DescriptorList(member: "config", isList: false, descriptors: config.map { [$0] } ?? [])
  }

  var layerList: DescriptorList {
    DescriptorList(member: kind == .artifact ? "blobs" : "layers", isList: true, descriptors: layers)
  }

  var childList: DescriptorList {
    DescriptorList(member: "manifests", isList: true, descriptors: manifests)
  }

  var subjectList: DescriptorList {
    DescriptorList(member: "subject", isList: false, descriptors: subject.map { [$0] } ?? [])
  }
}
