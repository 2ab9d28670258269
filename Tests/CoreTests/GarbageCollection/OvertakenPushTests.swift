import Drivers
import Synchronization
import TestSupport
import Testing

@testable import Core

/// A manifest's link whose content is missing: for a moment, if a push is under way, or for good.
@Suite(.ownThread) struct OvertakenPushTests {
  enum Ending: CaseIterable { case pushed, deleted, missing }

  @Test(arguments: Ending.allCases)
  func `what is missing for a moment is no damage`(ending: Ending) async throws {
    let name = try #require(RepositoryName("team/app"))
    let storage = InMemoryDriver()
    let manifest = Array(
      #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#.utf8)
    let digest = ContentHasher.digest(.sha256, of: manifest)
    let link = StorageLayout.revisionLink(name, digest)
    try await storage.put(Array(digest.description.utf8), at: link, durability: .process)
    let looks = Mutex(0)
    let driver = HookedDriver(storage) { call throws(StorageError) in
      guard call.name == "content", call.path == StorageLayout.blobData(digest) else { return }
      let look = looks.withLock { looks in
        looks += 1
        return looks
      }
      guard look == 3 else { return }
      switch ending {
      case .pushed: try await storage.put(manifest, at: call.path, durability: .process)
      case .deleted: try await storage.delete(link, durability: .process)
      case .missing: break
      }
    }
    let report = try await GarbageCollector(driver, GarbageCollector.Options()).run()
    #expect(report.problemCount == (ending == .missing ? 1 : 0))
    #expect(looks.withLock { $0 } >= 3)
  }
}
