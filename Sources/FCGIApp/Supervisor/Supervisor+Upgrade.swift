import Core
import Glibc
import Logging

/// An upgrade: where the file at the executable's path is another one at a reload, it goes on in this process, with the
/// same socket and the same children. Its first act is the reload, which starts workers of the new executable; the old
/// ones finish what is under way.
extension Supervisor {
  /// Tries the new executable; what it is worth is seen later. False: there is none.
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

  /// Goes on with the new executable where its trial has shown that it can.
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
