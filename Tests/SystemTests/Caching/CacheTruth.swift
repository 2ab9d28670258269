import Foundation
import HTTPTypes
import Synchronization
import TestSupport

/// Pushes and deletes blobs through several ways into one registry, and holds every one of them to the truth once each
/// is answered, while others ask for the same blobs all the time.
///
/// Each blob has one owner at a time, who knows whether it is there.
struct CacheTruth {
  let ports: [UInt16]
  let tally = StormClient.Tally()
  private static let octets: HTTPFields = [.contentType: "application/octet-stream"]

  /// - Parameters:
  ///   - retries: how often an owner repeats a request that was not answered, as clients do.
  ///   - body: runs beside; everybody goes on until it is over.
  func run(owners: Int = 6, rounds: Int, _ body: @escaping @Sendable () throws -> Void = {}) async throws {
    let atWork = Atomic(owners)
    let isOver = Atomic(false)
    do {
      try await Threads.run(count: owners + 4 + 1, work)
    } catch  where !tally.failures.isEmpty {
      throw Failure("\(tally.failures.joined(separator: "; ")); \(error)")
    }
    @Sendable func work(_ index: Int) throws {
      if index < owners {
        defer { atWork.subtract(1, ordering: .relaxed) }
        var round = 0
        while round < rounds || !isOver.load(ordering: .relaxed) {
          try own("truth/owner-\(index)", Array("blob \(index), \(round % 3)".utf8))
          round += 1
          if !tally.failures.isEmpty { return }
        }
      } else if index < owners + 4 {
        while atWork.load(ordering: .relaxed) > 0 { try ask(owners) }
      } else {
        defer { isOver.store(true, ordering: .relaxed) }
        try body()
      }
    }
  }

  /// Waits until so many more blobs have come and gone, or something was wrong.
  func progress(_ blobs: Int) throws {
    let before = tally[Self.rounds]
    try Eventually.holds("blobs come and go") { !tally.failures.isEmpty || tally[Self.rounds] >= before + blobs }
  }

  private static let rounds = "blobs pushed, looked at and deleted"

  private func own(_ repository: String, _ blob: [UInt8]) throws {
    let digest = sha256(blob)
    let manifest = Array(Self.manifest(digest, blob.count).utf8)
    try expect(.post, "/v2/\(repository)/blobs/uploads/?digest=\(digest)", blob, 201, anyPort())
    for port in ports {
      try expect(.head, "/v2/\(repository)/blobs/\(digest)", [], 200, port)
      try expect(.get, "/v2/\(repository)/blobs/\(digest)", [], 200, port)
    }
    try expect(.put, "/v2/\(repository)/manifests/latest", manifest, 201, anyPort())
    try expect(.delete, "/v2/\(repository)/blobs/\(digest)", [], 202, anyPort())
    for port in ports {
      try expect(.head, "/v2/\(repository)/blobs/\(digest)", [], 404, port)
      try expect(.get, "/v2/\(repository)/blobs/\(digest)", [], 404, port)
      try expect(.put, "/v2/\(repository)/manifests/latest", manifest, 400, port)
      // What can't be mounted begins an upload.
      try expect(
        .post, "/v2/\(repository)-mounted/blobs/uploads/?mount=\(digest)&from=\(repository)", [], 202, port)
    }
    tally.count(Self.rounds)
  }

  /// As many as there are blobs, of whatever state.
  private func ask(_ owners: Int) throws {
    let owner = Int.random(in: 0..<owners)
    let digest = sha256(Array("blob \(owner), \(Int.random(in: 0..<3))".utf8))
    let answer = try? send(.head, "/v2/truth/owner-\(owner)/blobs/\(digest)", [], anyPort())
    guard let answer else { return tally.count("questions without an answer") }
    if answer.status != 200 && answer.status != 404 { tally.note("HEAD: \(answer.status) \(answer.text)") }
    tally.count("questions")
  }

  private func expect(
    _ method: HTTPRequest.Method, _ target: String, _ body: [UInt8], _ status: Int, _ port: UInt16
  ) throws {
    guard tally.failures.isEmpty else { return }
    let answer = try send(method, target, body, port)
    tally.count("answers held to the truth")
    if answer.status != status { tally.note("\(method) \(target) at \(port): \(answer.status), not \(status)") }
  }

  private func send(
    _ method: HTTPRequest.Method, _ target: String, _ body: [UInt8], _ port: UInt16
  ) throws -> TestResponse {
    let fields: HTTPFields = method == .put ? [.contentType: TestImage.manifestType] : Self.octets
    let request = TestRequest(method, target, fields: body.isEmpty ? [:] : fields, body: body)
    return try WireClient.Connection(port: port).exchange(request, close: true)
  }

  private func anyPort() -> UInt16 { ports.randomElement() ?? 0 }

  private static func manifest(_ digest: String, _ size: Int) -> String {
    """
    {"schemaVersion":2,"mediaType":"\(TestImage.manifestType)",\
    "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(digest)","size":\(size)},"layers":[]}
    """
  }
}
