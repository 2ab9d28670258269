/// How far a page of the catalog has come: what to look at next, and the names so far.
///
/// Has no effects: the caller looks into the storage and passes the results to it.
struct CatalogWalk {
  /// What to look at next.
  enum Next: Equatable {
    /// A directory that may contain others: list it and call `enter(_:listed:)`.
    case directory(StoragePath)
    /// A possible repository, and when it was last seen to be one with no others below: look and call `found(_:)`.
    case repository(StoragePath, seen: ListedRepositories.Sighting?)
  }

  /// The result of looking at a possible repository.
  struct Look: Sendable {
    /// Whether it is a repository with something in it.
    var isListed = false
    /// Whether no repositories can be below.
    var isBarren = true
    /// When it was seen to be both.
    var sighting: ListedRepositories.Sighting?
  }

  /// A directory on the way down.
  private struct Level {
    let directory: StoragePath
    /// What all names below begin with.
    let prefix: String
    var steps: ArraySlice<DirectoryChildren.Step> = []
    /// The child that was looked at last.
    var child = ""
    /// The last one that has no repositories below.
    var barren: String?
    var listed: [String: ListedRepositories.Sighting] = [:]
    var learnt: [String: ListedRepositories.Sighting] = [:]
  }

  private let last: String
  private let limit: Int
  private(set) var names: [String] = []
  /// Repositories that were seen, by the directory above.
  private(set) var learnt: [(directory: StoragePath, repositories: [String: ListedRepositories.Sighting])] = []
  private var levels: [Level]
  private var hasBegun = false

  /// For the first names after `last` in byte order below `directory`, `limit` at the most.
  init(below directory: StoragePath, after last: String, limit: Int) {
    self.last = last
    self.limit = limit
    levels = [Level(directory: directory, prefix: "")]
  }

  /// What to look at next; nil at the end.
  mutating func next() -> Next? {
    guard hasBegun else {
      hasBegun = true
      return .directory(levels[0].directory)
    }
    while let top = levels.indices.last {
      guard names.count < limit, let step = levels[top].steps.popFirst() else {
        leave()
        continue
      }
      let prefix = levels[top].prefix
      switch step {
      case .repository(let child):
        guard (prefix + child).utf8.count <= RepositoryName.maximumLength else { continue }
        levels[top].child = child
        return .repository(levels[top].directory / child, seen: levels[top].listed[child])
      case .subtree(let child):
        guard child != levels[top].barren, (prefix + child).utf8.count < RepositoryName.maximumLength else { continue }
        let directory = levels[top].directory / child
        levels.append(Level(directory: directory, prefix: prefix + child + "/"))
        return .directory(directory)
      }
    }
    return nil
  }

  /// What will be looked at next beside this, if it is to be: at the most so many, and as many as names are wanted.
  func upcoming(_ count: Int) -> [(directory: StoragePath, seen: ListedRepositories.Sighting?)] {
    guard let level = levels.last else { return [] }
    var found: [(StoragePath, ListedRepositories.Sighting?)] = []
    for step in level.steps.prefix(2 * count) {
      guard found.count < min(count, limit - names.count - 1) else { break }
      guard case .repository(let child) = step else { continue }
      found.append((level.directory / child, level.listed[child]))
    }
    return found
  }

  /// Tells what is in the directory; nil where it is none.
  /// - Parameter listed: repositories in it that were seen, with no others below.
  mutating func enter(_ children: DirectoryChildren?, listed: [String: ListedRepositories.Sighting]) {
    guard let children else { return leave() }
    let top = levels.count - 1
    levels[top].steps = children.steps[firstStep(children.steps, levels[top].prefix)...]
    levels[top].listed = listed
  }

  /// Tells what the repository is.
  mutating func found(_ look: Look) {
    let top = levels.count - 1
    let child = levels[top].child
    if look.isListed { names.append(levels[top].prefix + child) }
    if look.isBarren { levels[top].barren = child }
    if let sighting = look.sighting { levels[top].learnt[child] = sighting }
  }

  private mutating func leave() {
    let level = levels.removeLast()
    if !level.learnt.isEmpty { learnt.append((level.directory, level.learnt)) }
  }

  /// The first step that can give a name after `last`.
  private func firstStep(_ steps: [DirectoryChildren.Step], _ prefix: String) -> Int {
    var low = 0
    var high = steps.count
    while low < high {
      let middle = (low + high) / 2
      if isBefore(steps[middle], prefix) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether all names that come of a step are at or before `last`.
  private func isBefore(_ step: DirectoryChildren.Step, _ prefix: String) -> Bool {
    let start = prefix + step.name
    switch step {
    case .repository: return !last.utf8.lexicographicallyPrecedes(start.utf8)
    case .subtree: return start.utf8.lexicographicallyPrecedes(last.utf8) && !last.utf8.starts(with: start.utf8)
    }
  }
}
