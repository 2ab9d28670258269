import Core
import Foundation
import HTTPTypes
import TestSupport

/// Requests that one after the other do one thing. A target may begin with `{location}`, which stands for where the
/// last answer said that the upload goes on.
struct Script: Sendable {
  let name: String
  let steps: [TestRequest]

  init(_ name: String, _ steps: [TestRequest]) {
    self.name = name
    self.steps = steps
  }

  /// Writes it down for `CrashSubject`.
  func write(to path: String) throws {
    var lines = ""
    for (index, step) in steps.enumerated() {
      var parts = [step.method.rawValue, step.target, ""]
      if !step.body.isEmpty {
        parts[2] = "\(path).body-\(index)"
        try Data(step.body).write(to: URL(fileURLWithPath: parts[2]))
      }
      parts += step.fields.map { "\($0.name.rawName): \($0.value)" }
      lines += parts.joined(separator: "\t") + "\n"
    }
    try lines.write(toFile: path, atomically: false, encoding: .utf8)
  }
}

/// What came of one request.
struct Outcome: Equatable, Sendable {
  var status: Int
  /// Where the upload goes on, or what was made lies.
  var location: String
}

/// Performs a script's requests in this process.
struct Performer {
  let client: any RegistryClient
  /// Where the last upload goes on.
  private(set) var location: String?

  init(_ client: any RegistryClient, location: String? = nil) {
    self.client = client
    self.location = location
  }

  @discardableResult
  mutating func perform(_ step: TestRequest) async throws -> Outcome {
    var step = step
    if step.target.hasPrefix("{location}") {
      step.target = (location ?? "/nowhere") + step.target.dropFirst("{location}".count)
    }
    let answer = try await client.send(step)
    let next = answer.fields[.location] ?? ""
    if answer.status == 202, !next.isEmpty { location = next }
    return Outcome(status: answer.status, location: next)
  }
}
