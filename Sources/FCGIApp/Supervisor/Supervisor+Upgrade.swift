import Core
import Glibc
import Logging

/// An upgrade: if the file at the executable's path was replaced, a reload runs the new one in this process (execve),
/// with the same socket and the same children. It first carries out the reload, which starts workers of the new
/// executable; the old ones finish the requests under way.
extension Supervisor {
  /// Starts a trial of the new executable. False: there is none.
  func beginUpgrade() -> Bool {
    guard executable.isReplaced else { return false }
    do {
      trial = try ExecutableTrial(executable.path, configuration: path, snapshot: current.file.snapshot)
      return true
    } catch {
      refuseUpgrade("\(error)")
      return false
    }
  }

  /// Continues with the new executable if its trial was successful.
  func advanceUpgrade() {
    guard let trial, let outcome = trial.outcome(now: .now) else { return }
    self.trial = nil
    switch outcome {
    case .passed:
      logger.info("handing over to the new executable \(trial.path)")
      let error = takeover.execute(trial.path, ["serve", path])
      refuseUpgrade("\(error)")
    case .failed(let reason):
      refuseUpgrade(reason)
    }
    beginReload()
  }

  private func refuseUpgrade(_ reason: String) {
    logger.error(
      """
      the new executable \(executable.path) can't take over, so the present one goes on: \(reason). Correct the cause \
      and send SIGHUP again, or restart the service
      """)
  }

  private var takeover: Takeover {
    Takeover(
      segment: segment.descriptor.raw, handoverSending: handover.sending.raw,
      handoverReceiving: handover.receiving.raw, socket: current.socket.descriptor.raw,
      socketFile: current.socket.identity, configuration: current.file.snapshot.raw,
      processes: children.map { child in child.left(isRetired: ending.contains { $0 === child }) })
  }
}
