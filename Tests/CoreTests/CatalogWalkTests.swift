import Testing

@testable import Core

@Suite struct CatalogWalkTests {
  private let root = StorageLayout.repositories

  /// Walks over repositories that are there, and gives the names and what was looked at.
  private func walk(
    _ names: [String], after last: String = "", limit: Int = 100, seen: [String: ListedRepositories.Sighting] = [:]
  ) -> (walk: CatalogWalk, visits: [String]) {
    var walk = CatalogWalk(below: root, after: last, limit: limit)
    var visits: [String] = []
    func children(_ directory: StoragePath) -> DirectoryChildren {
      let prefix = directory == root ? "" : directory.string.dropFirst(root.string.count + 1) + "/"
      let below = names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
      return DirectoryChildren(Array(Set(below.compactMap { $0.split(separator: "/").first.map(String.init) })))
    }
    while let next = walk.next() {
      switch next {
      case .directory(let directory):
        visits.append(String(directory.string.dropFirst(root.string.count)) + "/")
        walk.enter(children(directory), listed: directory == root ? seen : [:])
      case .repository(let directory, let seen):
        let name = String(directory.string.dropFirst(root.string.count + 1))
        visits.append(name + (seen == nil ? "" : "!"))
        let sighting = ListedRepositories.Sighting(token: ChangeToken(1), at: .now)
        walk.found(
          CatalogWalk.Look(
            isListed: names.contains(name), isBarren: children(directory).steps.isEmpty,
            sighting: children(directory).steps.isEmpty ? sighting : nil))
      }
    }
    return (walk, visits)
  }

  @Test func `goes down in the order of names, and looks at what has nothing below once`() {
    let (walk, visits) = walk(["a/b/c", "a", "ab", "a-b", "a/b"])
    #expect(walk.names == ["a", "a-b", "a/b", "a/b/c", "ab"])
    #expect(visits == ["/", "a", "a-b", "/a/", "a/b", "/a/b/", "a/b/c", "ab"])
    #expect(walk.learnt.map(\.directory) == [root / "a" / "b", root])
    #expect(walk.learnt.last.map { $0.repositories.keys.sorted() } == ["a-b", "ab"])
  }

  @Test(arguments: 0...6, 0...6)
  func `a page begins after the last name, and ends with its limit`(start: Int, limit: Int) {
    let names = ["a", "a-b", "a/b", "a/b/c", "ab", "b/c"]
    let last = start == 0 ? "" : names[start - 1]
    #expect(walk(names.reversed(), after: last, limit: limit).walk.names == Array(names[start...].prefix(limit)))
  }

  @Test func `looks at nothing that comes before, and at nothing once the page is full`() {
    let names = ["a/x", "b/x", "b/y", "c/x", "d/x"]
    let (walk, visits) = walk(names, after: "b/x", limit: 2)
    #expect(walk.names == ["b/y", "c/x"])
    #expect(visits == ["/", "/b/", "/b/x/", "b/y", "c", "/c/", "c/x"])
  }

  @Test func `tells when a repository was seen`() {
    let sighting = ListedRepositories.Sighting(token: ChangeToken(1), at: .now)
    #expect(walk(["a", "b"], seen: ["b": sighting]).visits == ["/", "a", "b!"])
  }

  @Test func `a directory that is gone is left out`() {
    var walk = CatalogWalk(below: root, after: "", limit: 10)
    _ = walk.next()
    walk.enter(nil, listed: [:])
    let next = walk.next()
    #expect(next == nil)
    #expect(walk.names == [])
  }
}
