import TestSupport

/// What a script does where nothing happens to it: what others are compared with.
struct Rehearsal {
  let script: Script
  /// What can be seen before the script, and after each of its requests.
  let pictures: [[String: String]]
  /// The answers.
  let outcomes: [Outcome]
  /// The bytes that the upload holds after each request, as the registry says; nil where there is no upload.
  let progress: [Int?]
  /// The files afterwards.
  let tree: [String: String]

  /// Performs a script in a copy of the specimen at `root`, which is changed.
  init(_ script: Script, at root: String) async throws {
    self.script = script
    let store = try Store(root)
    var performer = Performer(store.client)
    var pictures = [try await store.picture()]
    var outcomes: [Outcome] = []
    var progress: [Int?] = [nil]
    for step in script.steps {
      outcomes.append(try await performer.perform(step))
      pictures.append(try await Store(root).picture())
      progress.append(try await Self.progress(store, performer.location))
    }
    try await store.expectWhole()
    try await store.cleanUp()
    (self.pictures, self.outcomes, self.progress, tree) = (pictures, outcomes, progress, try store.tree())
  }

  private static func progress(_ store: Store, _ location: String?) async throws -> Int? {
    guard let location else { return nil }
    return try await store.progress(location)
  }

  /// Whether a picture may be taken after `count` answers: what was acknowledged is there, and what isn't is either
  /// as before or done.
  func check(_ picture: [String: String], after count: Int) throws {
    // What was collected may come back with a loss of power: it isn't worth a sync.
    let wasCollected = count > 0 && script.steps[count - 1].method == Specimen.collect
    let before = pictures[wasCollected ? count - 1 : count]
    let after = pictures[min(count + 1, pictures.count - 1)]
    for (request, seen) in picture where seen != before[request] && seen != after[request] {
      if Self.isBetween(seen, before[request], after[request]) { continue }
      throw Failure("GET \(request) is \(seen); it was \(before[request] ?? "") and becomes \(after[request] ?? "")")
    }
  }

  /// Whether a list has all names that stay, and none but those that were there or are to come: a request may remove
  /// several, one after the other. A repository is not listed while its first manifest is on its way.
  private static func isBetween(_ seen: String, _ before: String?, _ after: String?) -> Bool {
    guard let seen = names(seen), let before = before.flatMap(names), let after = after.flatMap(names) else {
      return false
    }
    let staying = before.intersection(after).subtracting(["\"\(Specimen.fresh)\""])
    return staying.isSubset(of: seen) && seen.isSubset(of: before.union(after))
  }

  private static func names(_ answer: String) -> Set<Substring>? {
    guard answer.hasPrefix("200 {"), let list = answer.split(separator: "[").last else { return nil }
    return Set(list.split(separator: "]")[0].split(separator: ","))
  }
}
