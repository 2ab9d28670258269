import Core
import Synchronization

@testable import Drivers

/// What answers instead of the services that give credentials, and remembers what it was asked.
final class CredentialService: Sendable {
  typealias Answer = @Sendable (CredentialRequest) throws(StorageError) -> CredentialResponse

  private let answer: Answer
  private let asked = Mutex<[CredentialRequest]>([])

  init(_ answer: @escaping Answer) {
    self.answer = answer
  }

  /// Answers `METHOD url` with a body, and everything else with 404.
  convenience init(_ bodies: [String: String]) {
    self.init { request in
      guard let body = bodies["\(request.method) \(request.url)"] else {
        return CredentialResponse(status: 404, body: [])
      }
      return CredentialResponse(status: 200, body: Array(body.utf8))
    }
  }

  /// Nobody is there.
  static var nobody: CredentialService {
    CredentialService { (_) throws(StorageError) in throw StorageError(.unavailable, "no route to host") }
  }

  var requests: [CredentialRequest] { asked.withLock { $0 } }

  var transport: CredentialTransport {
    { [self] (request, _) throws(StorageError) in
      asked.withLock { $0.append(request) }
      return try answer(request)
    }
  }
}

extension CredentialRequest {
  func field(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

extension CredentialSource {
  /// What it gives; an error is `none` with its text.
  func outcome() async -> (finding: CredentialFinding?, error: StorageError?) {
    do throws(StorageError) {
      return (try await find(), nil)
    } catch {
      return (nil, error)
    }
  }
}

/// Of 2026-01-02.
func time(_ clock: String) -> Int64 {
  RFC3339.nanoseconds("2026-01-02T\(clock)Z") ?? 0
}
