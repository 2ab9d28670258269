import Testing

@testable import Core

struct ListedRepositoriesTests {
  private let now = ContinuousClock.now

  private func seen(_ token: UInt64) -> ListedRepositories.Sighting {
    ListedRepositories.Sighting(token: ChangeToken(token), at: now)
  }

  @Test func `a token replaces the former one`() {
    let listed = ListedRepositories()
    #expect(listed.add(["a": seen(1), "b": seen(1)], limit: 10) == 2)
    #expect(listed.add(["b": seen(2), "c": seen(1)], limit: 10) == 3)
    #expect(listed.all == ["a": seen(1), "b": seen(2), "c": seen(1)])
  }

  @Test func `more than there may be take the place of what was there`() {
    let listed = ListedRepositories()
    for number in 0..<25 {
      let count = listed.add(["a\(number)": seen(1), "b\(number)": seen(1)], limit: 10)
      #expect(count <= 10)
      #expect(listed.all["a\(number)"] == seen(1))
    }
    #expect(listed.all.count == 10)
  }

  @Test func `a large directory of repositories is kept whole`() throws {
    let listings = ListingCache()
    let directory = StorageLayout.repositories / "team"
    for page in 0..<600 {
      let learnt = (0..<100).map { ("app\(100 * page + $0)", seen(1)) }
      listings.keep(listed: Dictionary(uniqueKeysWithValues: learnt), in: directory)
    }
    #expect(listings.listed(in: directory).count == 60_000)
  }
}
