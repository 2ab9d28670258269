import Core
import HTTPTypes
import TestSupport
import Testing

/// Uploads whose connection ends in the middle, over the real thing.
@Suite(.ownThread) struct BrokenUploadTests {
  @Test(arguments: [HTTPRequest.Method.patch, .put])
  func `what arrived before the connection broke is there to be gone on from`(method: HTTPRequest.Method) async throws {
    try await Deployment.nginx.withSite { site in
      let port = try #require(site.client as? WireClient).port
      let blobs = Blobs(site)
      let content = TestContent.bytes(1_000_000)
      let digest = TestContent.digest(content)
      let location = try await blobs.location()
      do {
        let connection = try WireClient.Connection(port: port)
        let target = method == .put ? "\(location)&digest=\(digest)" : location
        let head = "\(method.rawValue) \(target) HTTP/1.1\r\nHost: registry.test\r\nContent-Length: 1000000\r\n\r\n"
        try connection.write(Array(head.utf8) + content[..<600_000])
      }
      // The worker learns of the end in its own time.
      let status = try await untilSettled(blobs, location, size: 600_000)
      let offset = try #require(status["Range"]?.split(separator: "-").last.flatMap { Int($0) }) + 1
      #expect((1...600_000).contains(offset))
      let closed = try await blobs.put(
        blobs.location(status), digest.description, Array(content[offset...]), range: "\(offset)-999999")
      #expect(closed.status == 201, "\(closed.text)")
      #expect(try await blobs.get(digest).body == content)
    }
  }

  @Test func `an answer before the body has been sent arrives`() async throws {
    try await Deployment.nginx.withSite { site in
      let blobs = Blobs(site)
      let location = try await blobs.location()
      let content = TestContent.bytes(20_000_000)
      let answer = try await blobs.patch(location, content, range: "5-20000004")
      #expect(answer.status == 416)
      #expect(answer["Range"] == "0-0")
      #expect(try await blobs.status(location)["Range"] == "0-0")
    }
  }

  /// The upload's status once it has all `size` bytes, or no more have come for a while.
  private func untilSettled(_ blobs: Blobs, _ location: String, size: Int) async throws -> TestResponse {
    let deadline = ContinuousClock.now + .seconds(60)
    var pauses = 0
    var status = try await blobs.status(location)
    while status["Range"] != "0-\(size - 1)", ContinuousClock.now < deadline || pauses < 20 {
      try await Task.sleep(for: .milliseconds(20))
      pauses += 1
      status = try await blobs.status(location)
    }
    return status
  }
}
