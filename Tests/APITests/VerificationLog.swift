import Core
import Synchronization

/// What a verification tells, by whichever of its tasks.
final class VerificationLog: Sendable {
  private struct Heard {
    var findings: [Finding] = []
    var passed: [StoragePath] = []
    var resumed: [StoragePath] = []
    var isReadOnly = false
    var notKept: [StorageError.Code] = []
  }

  private let heard = Mutex(Heard())
  var findings: [Finding] { heard.withLock { $0.findings } }
  var passed: [StoragePath] { heard.withLock { $0.passed } }
  var resumed: [StoragePath] { heard.withLock { $0.resumed } }
  var isReadOnly: Bool { heard.withLock { $0.isReadOnly } }
  var notKept: [StorageError.Code] { heard.withLock { $0.notKept } }

  func note(_ event: Verifier.Event) {
    heard.withLock { heard in
      switch event {
      case .found(let finding): heard.findings.append(finding)
      case .passed(let path, _): heard.passed.append(path)
      case .resumed(let path): heard.resumed.append(path)
      case .readOnly: heard.isReadOnly = true
      case .notKept(let error): heard.notKept.append(error.code)
      case .nothingStored, .progress: break
      }
    }
  }
}
