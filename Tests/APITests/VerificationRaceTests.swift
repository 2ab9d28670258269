import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// Verification with repair beside people who push and delete.
@Suite(.ownThread) struct VerificationRaceTests {
  @Test(.timeLimit(.minutes(5)))
  func `while people push and delete, and garbage is collected, nothing is called wrong and nothing is lost`()
    async throws
  {
    try await Deployment.filesystem.withSite { site in
      let end = End()
      var findings: [Finding] = []
      var runs = 0
      try await withThrowingTaskGroup(of: [(Repo, String)].self) { group in
        for client in 0..<3 {
          group.addTask {
            let repo = Repo(site)
            var kept: [(Repo, String)] = []
            var round = 0
            while !end.isThere.load(ordering: .relaxed) {
              let seed = "\(client) \(round)"
              let tag = "tag\(round % 3)"
              round += 1
              try await Task.sleep(for: .milliseconds(5))
              let image = try await repo.image(seed)
              // On a busy machine the grace may be over before the manifest comes.
              guard try await isAccepted(repo.put(image, at: tag)) else { continue }
              let digest = Repo.digest(Array(image.utf8))
              let subject = Repo.descriptor(Array(image.utf8), digest, MediaType.ociManifest.rawValue)
              let signature = try await repo.image("s \(seed)", more: #","subject":\#(subject)"#)
              let name = Repo.digest(Array(signature.utf8)).description
              guard try await isAccepted(repo.put(signature, at: name)) else { continue }
              if round % 2 == 0 {
                #expect(try await repo.delete(name).status == 202)
                #expect(try await repo.delete(digest.description).status == 202)
              } else {
                kept.append((repo, image))
                kept.append((repo, signature))
              }
            }
            return kept
          }
        }
        group.addTask {
          var options = GarbageCollector.Options()
          options.grace = .seconds(1)
          while !end.isThere.load(ordering: .relaxed) {
            let report = try await GarbageCollector(site.driver, options).run()
            #expect(report.problems.isEmpty)
            end.collected.add(report.blobs.removed, ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(20))
          }
          return []
        }
        var options = Verifier.Options()
        options.repair = true
        options.settling.pause = .milliseconds(50)
        while runs < 2 || end.collected.load(ordering: .relaxed) == 0 {
          _ = try await Verifier(driver: site.driver, options: options).run {
            if case .found(let finding) = $0 { findings.append(finding) }
          }
          runs += 1
        }
        end.isThere.store(true, ordering: .relaxed)
        for try await kept in group {
          for (repo, image) in kept {
            let digest = Repo.digest(Array(image.utf8))
            #expect(try await repo.get(digest.description).text == image)
          }
        }
      }
      // What deletions leave are empty directories, and a collection takes content before its links.
      #expect(findings.filter { $0.kind != .emptyDirectory && $0.kind != .layerDangling } == [])
    }
  }

  private func isAccepted(_ answer: TestResponse) -> Bool {
    #expect(answer.status == 201 || answer.codes.contains("MANIFEST_BLOB_UNKNOWN"), "\(answer.text)")
    return answer.status == 201
  }

  private final class End: Sendable {
    let isThere = Atomic<Bool>(false)
    /// Contents that were collected.
    let collected = Atomic<Int>(0)
  }
}
