/// The manifests of one repository that no tag leads to, and which of them keeps which: an index its children, a
/// subject its referrers.
struct UntaggedManifests {
  private(set) var digests = DigestList()
  private var keys: [DigestKey] = []
  /// Nodes by their keys; sorted by `sort`.
  private var byKey: [Int32] = []
  private var children: [(parent: Int32, child: DigestKey)] = []
  private var referrers: [(subject: DigestKey, referrer: Int32)] = []
  private(set) var fresh: [Int] = []

  var count: Int { keys.count }

  /// Adds a manifest.
  mutating func append(_ digest: Digest, _ references: ManifestReferences?) {
    let node = Int32(keys.count)
    digests.append(digest)
    keys.append(DigestKey(digest))
    for child in references?.manifests ?? [] { children.append((node, DigestKey(child))) }
    if let subject = references?.subject { referrers.append((DigestKey(subject), node)) }
  }

  /// Notes that a manifest is too young to be removed.
  mutating func isFresh(_ node: Int) { fresh.append(node) }

  /// To be called once all are there.
  mutating func sort() {
    byKey = keys.indices.map { Int32($0) }.sorted { keys[Int($0)] < keys[Int($1)] }
    referrers.sort { $0.subject < $1.subject }
  }

  func key(_ node: Int) -> DigestKey { keys[node] }

  /// Those among them that say something about `subject`.
  func referrers(of subject: DigestKey) -> [Int] {
    var found: [Int] = []
    var index = firstIndex(in: referrers.indices) { referrers[$0].subject >= subject }
    while index < referrers.count, referrers[index].subject == subject {
      found.append(Int(referrers[index].referrer))
      index += 1
    }
    return found
  }

  /// The manifests that have a subject, with the subject.
  var withSubject: [(subject: DigestKey, node: Int)] { referrers.map { ($0.subject, Int($0.referrer)) } }

  /// The manifests in groups, in the order of removal: an index before its children, a subject before its referrers. If
  /// one turns out to be wanted, what it keeps still exists. (In a cycle, either may come first.)
  func generations() -> [[Int]] {
    let order = keepersFirst()
    var places = [Int32](repeating: 0, count: count)
    for (place, node) in order.enumerated() { places[node] = Int32(place) }
    var generation = [Int32](repeating: 0, count: count)
    var generations: [[Int]] = []
    for node in order {
      let number = Int(generation[node])
      if number == generations.count { generations.append([]) }
      generations[number].append(node)
      for kept in keptBy(node) where places[kept] > places[node] {
        generation[kept] = max(generation[kept], generation[node] + 1)
      }
    }
    return generations
  }

  private func keepersFirst() -> [Int] {
    var order: [Int] = []
    order.reserveCapacity(count)
    var isSeen = [Bool](repeating: false, count: count)
    for start in keys.indices where !isSeen[start] {
      isSeen[start] = true
      var path = [(node: start, rest: keptBy(start)[...])]
      while let last = path.indices.last {
        guard let next = path[last].rest.popFirst() else {
          order.append(path.removeLast().node)
          continue
        }
        if isSeen[next] { continue }
        isSeen[next] = true
        path.append((next, keptBy(next)[...]))
      }
    }
    return order.reversed()
  }

  private func keptBy(_ node: Int) -> [Int] {
    var kept = referrers(of: keys[node])
    var index = firstIndex(in: children.indices) { children[$0].parent >= node }
    while index < children.count, children[index].parent == node {
      if let child = self.node(children[index].child) { kept.append(child) }
      index += 1
    }
    return kept
  }

  private func node(_ key: DigestKey) -> Int? {
    let index = firstIndex(in: byKey.indices) { keys[Int(byKey[$0])] >= key }
    guard index < byKey.count, case let node = Int(byKey[index]), keys[node] == key else { return nil }
    return node
  }

  /// The first index from which on `isAtOrBehind` holds.
  private func firstIndex(in range: Range<Int>, _ isAtOrBehind: (Int) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if isAtOrBehind(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
