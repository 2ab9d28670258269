import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import FCGIApp

/// nginx before workers on several hosts: ports of this one.
@Suite(.ownThread) struct NginxHostsTests {
  private static let methods: [HTTPRequest.Method] = [.get, .head, .options, .delete, .put, .patch, .post]

  private static func server(_ ports: [UInt16]) throws -> NginxServer {
    let folder = try TemporaryFolder()
    let upstreams = ports.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ", ")
    return try NginxServer(
      NginxServer.configuration(
        """
        version: 0.1
        storage: {filesystem: {rootdirectory: \(folder / "registry")}}
        fastcgi: {upstreams: [\(upstreams)]}
        """), in: folder)
  }

  private static func responder(_ answer: String? = "Status: 200 OK\r\n\r\n") throws -> (FastCGIResponder, UInt16) {
    let (listener, port) = try LoopbackSocket.listen()
    return (FastCGIResponder(listener: listener) { _ in answer }, port)
  }

  @Test func `requests are spread over the hosts`() async throws {
    let hosts = try [Self.responder(), Self.responder()]
    let server = try Self.server(hosts.map(\.1))
    for method in Self.methods {
      for _ in 1...4 {
        #expect(try await WireClient(port: server.port).send(method, "/v2/a/manifests/x").status == 200)
      }
    }
    #expect(hosts.allSatisfy { $0.0.requests.count > 8 })
  }

  @Test(arguments: methods)
  func `a host where nothing listens costs no request but one with a body`(_ method: HTTPRequest.Method) async throws {
    let (responder, port) = try Self.responder()
    let server = try Self.server([try FreePort.next(), port, try FreePort.next()])
    let client = WireClient(port: server.port)
    for _ in 1...12 { #expect(try await client.send(method, "/v2/a/manifests/x").status == 200) }
    #expect(responder.requests.count == 12)
  }

  @Test func `a request with a body that meets such a host may be repeated by the client`() async throws {
    let (responder, port) = try Self.responder()
    let server = try Self.server([try FreePort.next(), port])
    var refused = 0
    for _ in 1...12 {
      let response = try await WireClient(port: server.port).send(.put, "/v2/a/manifests/x", body: [1, 2, 3])
      guard response.status != 200 else { continue }
      refused += 1
      #expect(response.status == 502 && response.fields[.retryAfter] == "5" && response.text.contains("UNAVAILABLE"))
    }
    #expect(refused <= 1 && responder.requests.count == 12 - refused)
  }

  @Test func `a host that drops packets costs one slow request`() async throws {
    // One that never accepts, and whose queue is full: the kernel answers no further connection.
    let (silent, silentPort) = try LoopbackSocket.listen(backlog: 0)
    let queue = LoopbackSocket.fillQueue(of: silentPort)
    defer { (queue + [silent]).forEach { close($0) } }
    let (responder, port) = try Self.responder()
    let server = try Self.server([silentPort, port])
    let client = WireClient(port: server.port)
    for method in Self.methods + Self.methods {
      let body: [UInt8] = [.put, .patch, .post].contains(method) ? [1, 2, 3] : []
      #expect(try await client.send(method, "/v2/a/manifests/x", body: body).status == 200)
    }
    #expect(responder.requests.count == 14)
    // nginx logs each connection that it waited for.
    let log = try String(contentsOfFile: server.folder / "nginx.log", encoding: .utf8)
    #expect(log.split(separator: "\n").count { $0.contains("timed out") } == 1)
  }

  @Test(arguments: methods)
  func `a host that dies over a request has another one answer it where it only reads`(
    _ method: HTTPRequest.Method
  ) async throws {
    let (dying, dyingPort) = try Self.responder(nil)
    let (living, port) = try Self.responder()
    let server = try Self.server([dyingPort, port])
    var statuses: [Int] = []
    for _ in 1...6 { statuses.append(try await WireClient(port: server.port).send(method, "/v2/a/manifests/x").status) }
    #expect(dying.requests.count == 1)
    let reads = [.get, .head, .options].contains(method)
    #expect(statuses.count { $0 != 200 } == (reads ? 0 : 1), "\(statuses)")
    #expect(living.requests.count == (reads ? 6 : 5))
  }

  @Test func `where every host has failed, each is tried again at once`() async throws {
    let ports = [try FreePort.next(), try FreePort.next()]
    let server = try Self.server(ports)
    let client = WireClient(port: server.port)
    for method in Self.methods {
      let response = try await client.send(method, "/v2/a/manifests/x")
      #expect(response.status == 502 && response.fields[.contentType] == "application/json", "\(method)")
    }
    let responder = FastCGIResponder(listener: try LoopbackSocket.listen(at: ports[1])) { _ in "Status: 200 OK\r\n\r\n"
    }
    for method in Self.methods { #expect(try await client.send(method, "/v2/a/manifests/x").status == 200) }
    #expect(responder.requests.count == Self.methods.count)
  }
}
