import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// Verification with repair beside people who push and delete.
@Suite(.ownThread) struct VerificationRaceTests {
  @Test(.timeLimit(.minutes(5)), arguments: [Deployment.filesystem, .objects])
  func `while people push and delete, nothing is called wrong and nothing is lost`(
    deployment: Deployment
  ) async throws {
    try await deployment.withSite { site in
      let end = End()
      let log = VerificationLog()
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
              let image = try await repo.image(seed)
              #expect(try await repo.put(image, at: tag).status == 201)
              let digest = Repo.digest(Array(image.utf8))
              let subject = Repo.descriptor(Array(image.utf8), digest, MediaType.ociManifest.rawValue)
              let signature = try await repo.image("s \(seed)", more: #","subject":\#(subject)"#)
              let name = Repo.digest(Array(signature.utf8)).description
              #expect(try await repo.put(signature, at: name).status == 201)
              if round % 2 == 0 {
                #expect(try await repo.delete(name).status == 202)
                #expect(try await repo.delete(digest.description).status == 202)
              } else {
                kept.append((repo, image))
                kept.append((repo, signature))
              }
              round += 1
            }
            return kept
          }
        }
        var options = Verifier.Options()
        options.repair = true
        options.settling.pause = .milliseconds(50)
        while runs < 3 {
          _ = try await Verifier(driver: site.driver, options: options).run { log.note($0) }
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
      // What deletions leave are empty directories, and layers that nobody names have their content still.
      #expect(log.findings.filter { $0.kind != .emptyDirectory } == [])
    }
  }

  private final class End: Sendable {
    let isThere = Atomic<Bool>(false)
  }
}
