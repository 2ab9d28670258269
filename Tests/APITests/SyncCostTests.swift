import Core
import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// How often requests sync: what makes a push slow on a disk. Held so that it does not grow unseen.
@Suite(.ownThread, .enabled(if: geteuid() == 0, "mounting a file system takes root"))
struct SyncCostTests {
  private let disk: TestDisk

  init() throws {
    disk = try TestDisk()
  }

  /// A request, and how often it syncs.
  private struct Step {
    let name: String
    let syncs: [TestDisk.Promise: Int]
    let status: Int
    let run: () async throws -> TestResponse

    /// - Parameter syncs: on a file system that promises order, and on one that promises nothing.
    init(
      _ name: String, _ syncs: (Int, Int), _ status: Int, _ run: @escaping () async throws -> TestResponse
    ) {
      self.name = name
      self.syncs = [.inOrder: syncs.0, .none: syncs.1]
      self.status = status
      self.run = run
    }
  }

  @Test(arguments: TestDisk.Promise.allCases)
  func `a request syncs what was acknowledged, and nothing else`(promise: TestDisk.Promise) async throws {
    try disk.mount(promise)
    let driver = try disk.driver(below: "root")
    let site = Deployment.Site(over: driver)
    let repo = Repo(site)
    let blobs = Blobs(site)
    // All directories are young: where nothing is promised, each is synced once, as in the first minutes of a
    // repository.
    try await repo.push("first")
    _ = try await blobs.begin()
    let content = TestContent.bytes(100_000)
    let digest = TestContent.digest(content)
    let first = try await repo.image("one")
    let second = try await repo.image("two")
    let secondDigest = Repo.digest(Array(second.utf8)).description
    let third = try await repo.image("three")
    let thirdDigest = Repo.digest(Array(third.utf8)).description
    for index in 0..<10 { try await repo.put(third, at: "third-\(index)") }
    var location = ""
    let steps = [
      Step("POST, an upload begins", (0, 0), 202) {
        let begun = try await blobs.begin()
        location = try blobs.location(begun)
        return begun
      },
      Step("PATCH", (0, 0), 202) {
        let answer = try await blobs.patch(location, content)
        location = try blobs.location(answer)
        return answer
      },
      Step("PUT, a blob that is new", (2, 10), 201) { try await blobs.put(location, digest.description) },
      Step("PUT, a blob that is there", (2, 4), 201) {
        try await blobs.put(blobs.location(blobs.begin()), digest.description, content)
      },
      Step("POST, a mount", (1, 6), 201) {
        try await Blobs(site).begin("?mount=\(digest)&from=\(blobs.name)")
      },
      Step("PUT, a manifest with a tag", (4, 16), 201) { try await repo.put(first, at: "new") },
      Step("PUT, a manifest by its digest", (2, 7), 201) { try await repo.put(second, at: secondDigest) },
      Step("PUT, the tag is moved", (5, 9), 201) { try await repo.put(second, at: "new") },
      Step("HEAD and GET", (0, 0), 200) {
        _ = try await blobs.head(digest)
        return try await repo.get("new")
      },
      Step("DELETE, a tag", (1, 1), 202) { try await repo.delete("new") },
      Step("DELETE, a manifest", (1, 1), 202) { try await repo.delete(secondDigest) },
      Step("DELETE, a manifest with ten tags", (2, 2), 202) { try await repo.delete(thirdDigest) },
      Step("DELETE, a blob", (1, 1), 202) { try await blobs.delete(digest) },
    ]
    for step in steps {
      var answer: TestResponse?
      let paths = try await synced { answer = try await step.run() }
      #expect(answer?.status == step.status, "\(step.name)")
      #expect(paths.count == step.syncs[promise], "\(step.name): \(paths)")
    }
  }
}
