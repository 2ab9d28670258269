import Core
import Foundation
import HTTPTypes
import TestSupport

/// A client for a thread of its own that tries again where a connection breaks or the registry is not well.
struct BlockingClient {
  let port: UInt16
  /// When it gives up.
  let deadline: ContinuousClock.Instant

  /// One request; nil where there was no whole answer, or one that asks to come again.
  func attempt(_ request: TestRequest) -> TestResponse? {
    guard let connection = try? WireClient.Connection(port: port),
      let answer = try? connection.exchange(request, close: true), answer.status < 500
    else {
      usleep(20_000)
      return nil
    }
    return answer
  }

  /// The same request until it is answered.
  func send(_ request: TestRequest) throws -> TestResponse {
    while ContinuousClock.now < deadline {
      if let answer = attempt(request) { return answer }
    }
    throw Failure("\(request.method) \(request.target) was not answered in time")
  }

  /// Pushes a blob in two chunks, going on from where the registry says that it is. Ends with a 201.
  func push(_ blob: [UInt8], to repository: String) throws {
    let octets: HTTPFields = [.contentType: "application/octet-stream"]
    upload: while ContinuousClock.now < deadline {
      let begun = try send(TestRequest(.post, "/v2/\(repository)/blobs/uploads/"))
      guard begun.status == 202, var location = begun.fields[.location] else {
        throw Failure("POST was answered \(begun.status) \(begun.text)")
      }
      var sent = 0
      while sent < blob.count {
        let end = sent == 0 ? blob.count / 2 : blob.count
        var fields = octets
        fields[.contentRange] = "\(sent)-\(end - 1)"
        if let answer = attempt(TestRequest(.patch, location, fields: fields, body: Array(blob[sent..<end]))),
          answer.status == 202, let next = answer.fields[.location]
        {
          (sent, location) = (end, next)
          continue
        }
        // A chunk broke off, or was taken and its answer lost.
        let progress = try send(TestRequest(.get, location))
        guard progress.status == 204, let next = progress.fields[.location],
          let last = progress.fields[.range]?.split(separator: "-").last.flatMap({ Int($0) })
        else { continue upload }
        location = next
        sent = last == 0 ? 0 : last + 1
        if sent > blob.count { throw Failure("the registry has more than was sent") }
      }
      let target = location + (location.contains("?") ? "&" : "?") + "digest=" + sha256(blob)
      if let answer = attempt(TestRequest(.put, target, fields: octets)), answer.status == 201 { return }
    }
    throw Failure("a blob was not pushed in time")
  }

  /// Pushes a manifest.
  /// - Returns: whether it was answered 201; false where a blob that it names isn't there any more.
  func push(manifest: [UInt8], to repository: String, tag: String) throws -> Bool {
    let request = TestRequest(
      .put, "/v2/\(repository)/manifests/\(tag)", fields: [.contentType: TestImage.manifestType], body: manifest)
    let answer = try send(request)
    if answer.status == 201 { return true }
    guard answer.text.contains("MANIFEST_BLOB_UNKNOWN") else {
      throw Failure("manifest was answered \(answer.status) \(answer.text)")
    }
    return false
  }

  /// Fetches what must be there, whole.
  func pull(_ target: String, digest: String) throws {
    let answer = try send(TestRequest(.get, target, fields: [.accept: TestImage.manifestType]))
    guard answer.status == 200 else { throw Failure("\(target) was answered \(answer.status) \(answer.text)") }
    guard sha256(answer.body) == digest else { throw Failure("\(target) has other content") }
  }
}
