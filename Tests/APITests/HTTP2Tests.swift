import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// HTTP/2 announces no length where the client doesn't, and has no transfer encoding that would tell of a body.
@Suite(.ownThread) struct HTTP2Tests {
  private let folder: TemporaryFolder
  private let nginx: ChildProcess
  private let port: UInt16
  private let blobs: Blobs

  init() throws {
    let server = try RegistryServer.shared.get()
    folder = try TemporaryFolder()
    port = try FreePort.next()
    let listen = "listen 127.0.0.1:\(server.port);"
    let configuration = try String(contentsOfFile: server.folder / "nginx.conf", encoding: .utf8)
    try #require(configuration.contains(listen))
    try configuration.replacingOccurrences(of: listen, with: "listen 127.0.0.1:\(port) http2;")
      .write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
    nginx = try ChildProcess(
      ["/usr/sbin/nginx", "-p", folder.path, "-c", folder / "nginx.conf", "-g", "daemon off;"], log: folder / "log")
    blobs = Blobs(
      Deployment.Site(
        client: WireClient(port: server.port),
        driver: try FilesystemDriver(rootDirectory: server.rootDirectory, maxThreads: 25, accelPrefix: nil),
        rootDirectory: server.rootDirectory))
  }

  /// Sends `content` over HTTP/2 without saying how long it is. Returns the answer's header.
  private func send(_ method: String, _ target: String, _ content: [UInt8], type: String) throws -> String {
    try Data(content).write(to: URL(fileURLWithPath: folder / "body"))
    let curl = "curl --http2-prior-knowledge --retry 20 --retry-connrefused --retry-delay 1 -sS -o /dev/null -D -"
    return try ChildProcess.output([
      "/bin/sh", "-c",
      "cat '\(folder / "body")' | \(curl) -X \(method) -H 'Content-Type: \(type)' -T - 'http://127.0.0.1:\(port)\(path(of: target))'",
    ])
  }

  /// Path and query of a Location, whichever host it names.
  private func path(of location: String) -> String {
    guard let url = URLComponents(string: location), let query = url.percentEncodedQuery else { return location }
    return "\(url.percentEncodedPath)?\(query)"
  }

  @Test func `content of unannounced length arrives`() async throws {
    let content = TestContent.bytes(300_000)
    let digest = TestContent.digest(content)
    let octets = "application/octet-stream"
    let patched = try send("PATCH", await blobs.location(), Array(content[..<200_000]), type: octets)
    #expect(patched.contains("HTTP/2 202"))
    #expect(patched.contains("range: 0-199999"))
    let location = try #require(
      patched.split(separator: "\r\n").first { $0.hasPrefix("location: ") }?.dropFirst("location: ".count))
    let closed = try send("PUT", "\(location)&digest=\(digest)", Array(content[200_000...]), type: octets)
    #expect(closed.contains("HTTP/2 201"))
    #expect(try await blobs.get(digest).body == content)
    let index = "application/vnd.oci.image.index.v1+json"
    let manifest = Array(#"{"schemaVersion":2,"mediaType":"\#(index)","manifests":[]}"#.utf8)
    #expect(try send("PUT", "/v2/\(blobs.name)/manifests/1", manifest, type: index).contains("HTTP/2 201"))
  }
}
