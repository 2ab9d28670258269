/// The entries of a directory of repositories, in the catalog's order.
struct DirectoryChildren: Sendable {
  /// Whether the directory holds what a repository's manifests lie in.
  let hasManifests: Bool
  /// Whether the directory holds what a repository's blobs lie in.
  let hasLayers: Bool
  /// What to look at, in the byte order of the names that come of it.
  let steps: [Step]

  /// A child is looked at twice: as a repository, and as the directory of others. Names that begin with its own and
  /// continue with a byte before `/` come between the two: "a", "a-b", "a/b".
  enum Step: Sendable, Equatable {
    /// The child itself.
    case repository(String)
    /// Everything below the child.
    case subtree(String)

    /// What the names that come of it begin with, at this level.
    var name: String {
      switch self {
      case .repository(let name): name
      case .subtree(let name): name + "/"
      }
    }
  }

  init(_ names: [String]) {
    hasManifests = names.contains("_manifests")
    hasLayers = names.contains("_layers")
    // What begins with an underscore is the registry's own, and what is no component is not a repository's.
    steps = names.filter { RepositoryName.isComponent($0.utf8) }
      .flatMap { [Step.repository($0), Step.subtree($0)] }
      .map { (key: $0.name, step: $0) }
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map(\.step)
  }
}
