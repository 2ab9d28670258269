import Core
import Glibc
import Synchronization

/// The output and exit status of `berth verify`.
final class VerificationReport: Sendable {
  private let format: VerifyCommand.Format
  private let status = Atomic<Int32>(1)

  init(format: VerifyCommand.Format) {
    self.format = format
  }

  /// The exit status for the process.
  var exitStatus: Int32 { status.load(ordering: .sequentiallyConsistent) }

  /// Verifies, and prints the findings.
  func run(_ verifier: Verifier) async {
    let began = ContinuousClock.now
    let line = ProgressLine()
    do {
      let tally = try await verifier.run { event in
        switch event {
        case .found(let finding):
          line.clear()
          self.tell(finding)
        case .nothingStored: self.note("nothing is stored here: does the configuration name the right storage?")
        case .resumed(let path): self.note("going on after \(path), where an earlier run was stopped")
        case .readOnly(let error):
          self.note("the storage can't be written, so an interrupted run can't be continued: \(error)")
        case .notKept(let error):
          line.clear()
          self.note(
            "the run's progress can't be saved, so after an interruption the next run repeats part of it: \(error)")
        case .progress(let progress): line.show { progress.text(after: ContinuousClock.now - began) }
        case .passed: break
        }
      }
      line.clear()
      guard let tally else {
        note("another process is verifying this storage")
        return set(75)  // EX_TEMPFAIL
      }
      finish(tally)
    } catch  where error.code == .cancelled {
      line.clear()
      note("stopped; the next run goes on from here")
      set(130)
    } catch {
      line.clear()
      note("\(error)")
    }
  }

  private func tell(_ finding: Finding) {
    switch format {
    case .text: put(finding.text)
    case .json: put(String(decoding: finding.json, as: UTF8.self))
    }
  }

  private func finish(_ tally: VerificationTally) {
    switch format {
    case .json: put(String(decoding: tally.json, as: UTF8.self))
    case .text:
      put(
        """
        \(tally.contents) contents of \(tally.bytes) bytes, \(tally.repositories) repositories, \(tally.manifests) \
        manifests and \(tally.links) links: \(tally.repaired) faults repaired, \(tally.repairable) for --repair, \
        \(tally.left) left\(tally.leftovers > 0 ? ", \(tally.leftovers) leftovers of processes that died removed" : "")
        """)
    }
    if tally.left + tally.repairable > 0 { set(3) } else { set(tally.repaired > 0 ? 4 : 0) }
  }

  private func note(_ line: String) {
    Descriptor.write(Array("\(line)\n".utf8), to: STDERR_FILENO)
  }

  private func put(_ line: String) {
    Descriptor.write(Array("\(line)\n".utf8), to: STDOUT_FILENO)
  }

  private func set(_ code: Int32) {
    status.store(code, ordering: .sequentiallyConsistent)
  }
}
