import Core
import Foundation
import HTTPTypes
import Synchronization
import TestSupport

/// One of many clients that push, mount, tag and delete whatever comes, as real ones do: they ask before they send,
/// and begin anew where garbage collection was faster than they.
struct StormClient {
  /// What all clients did together.
  final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let problems = Mutex<[String]>([])

    func count(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }
    func note(_ problem: String) { problems.withLock { $0.append(problem) } }
    var failures: [String] { problems.withLock { $0 } }
    var text: String {
      counts.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
    }
    subscript(what: String) -> Int { counts.withLock { $0[what, default: 0] } }
  }

  let port: UInt16
  let tally: Tally

  static let repositories = (0..<4).map { "storm/repository-\($0)" }
  private static let tags = (0..<6).map { "tag-\($0)" }
  private static let octets: HTTPFields = [.contentType: "application/octet-stream"]

  /// Does something.
  func act() throws {
    let repository = try random(Self.repositories)
    let tag = try random(Self.tags)
    switch Int.random(in: 0..<100) {
    case ..<60: try push(Specimen.Image("image \(Int.random(in: 0..<60))"), repository, tag)
    case ..<75: try expect([202, 404], .delete, "/v2/\(repository)/manifests/\(tag)", as: "tags deleted")
    case ..<83:
      let answer = try get(repository, tag)
      guard let digest = answer.fields[.dockerContentDigest], answer.status == 200 else { return }
      try expect([202, 404], .delete, "/v2/\(repository)/manifests/\(digest)", as: "manifests deleted")
    default: try check(repository, tag)
    }
  }

  private func push(_ image: Specimen.Image, _ repository: String, _ tag: String) throws {
    for _ in 0..<100 {
      for blob in image.blobs { try push(blob, repository) }
      let answer = try send(
        TestRequest(
          .put, "/v2/\(repository)/manifests/\(tag)", fields: [.contentType: TestImage.manifestType],
          body: image.manifest))
      switch answer.status {
      case 201: return tally.count("manifests accepted")
      case 400 where answer.text.contains("MANIFEST_BLOB_UNKNOWN"): tally.count("pushes begun anew")
      default: return tally.note("PUT manifest: \(answer.status) \(answer.text)")
      }
    }
    tally.note("a push came to no end")
  }

  private func push(_ blob: [UInt8], _ repository: String) throws {
    let digest = sha256(blob)
    if try send(TestRequest(.head, "/v2/\(repository)/blobs/\(digest)")).status == 200 {
      return tally.count("blobs found")
    }
    let query = try Bool.random() ? "?mount=\(digest)&from=\(random(Self.repositories))" : ""
    let begun = try send(TestRequest(.post, "/v2/\(repository)/blobs/uploads/\(query)"))
    if begun.status == 201 { return tally.count("blobs mounted") }
    guard begun.status == 202, var location = begun.fields[.location] else {
      return tally.note("POST upload: \(begun.status) \(begun.text)")
    }
    var body = blob
    if Bool.random() {
      let patched = try send(TestRequest(.patch, location, fields: Self.octets, body: Array(blob[..<(blob.count / 2)])))
      guard patched.status == 202, let next = patched.fields[.location] else {
        return tally.note("PATCH upload: \(patched.status) \(patched.text)")
      }
      (location, body) = (next, Array(blob[(blob.count / 2)...]))
    }
    let closed = try send(TestRequest(.put, "\(location)&digest=\(digest)", fields: Self.octets, body: body))
    guard closed.status == 201 else { return tally.note("PUT upload: \(closed.status) \(closed.text)") }
    tally.count("blobs uploaded")
  }

  /// What can be read can be pulled. What is deleted in between may be gone.
  private func check(_ repository: String, _ tag: String) throws {
    let answer = try get(repository, tag)
    guard answer.status == 200 else { return }
    let digest = sha256(answer.body)
    for blob in Self.blobs(of: answer.body) {
      for attempt in 1... {
        let pulled = try send(TestRequest(.get, "/v2/\(repository)/blobs/\(blob)"))
        if pulled.status == 200, sha256(pulled.body) == blob { break }
        guard try get(repository, digest).status == 200 else { return tally.count("pulls overtaken by a deletion") }
        // It was deleted, and then pushed again.
        if attempt < 3 { continue }
        return tally.note("\(repository)@\(digest) can be read, but \(blob) is \(pulled.status)")
      }
    }
    tally.count("images pulled")
  }

  /// What a manifest names.
  static func blobs(of manifest: [UInt8]) -> [String] {
    String(decoding: manifest, as: UTF8.self).components(separatedBy: #""digest":""#).dropFirst()
      .map { String($0.prefix { $0 != "\"" }) }
  }

  func get(_ repository: String, _ reference: String) throws -> TestResponse {
    try send(
      TestRequest(.get, "/v2/\(repository)/manifests/\(reference)", fields: [.accept: TestImage.manifestType]))
  }

  private func expect(_ statuses: Set<Int>, _ method: HTTPRequest.Method, _ target: String, as what: String) throws {
    let answer = try send(TestRequest(method, target))
    guard statuses.contains(answer.status) else { return tally.note("\(method) \(target): \(answer.status)") }
    if answer.status < 300 { tally.count(what) }
  }

  func send(_ request: TestRequest) throws -> TestResponse {
    let answer = try WireClient.Connection(port: port).exchange(request, close: true)
    if answer.status >= 500 { tally.note("\(request.method) \(request.target): \(answer.status) \(answer.text)") }
    tally.count("requests")
    return answer
  }

  private func random<Element>(_ list: [Element]) throws -> Element {
    guard let element = list.randomElement() else { throw Failure("an empty list") }
    return element
  }
}
