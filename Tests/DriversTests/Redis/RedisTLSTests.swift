import Core
import TestSupport
import Testing

@testable import RedisCache

/// TLS, where the build has it.
@Suite(.ownThread, .enabled(if: RedisTLSSupport.isAvailable, "this hiredis has no TLS")) struct RedisTLSTests {
  private let certificates: TestCertificates
  private let port: UInt16
  private let server: RedisServer

  init() throws {
    certificates = try TestCertificates()
    port = try FreePort.next()
    server = try RedisServer(
      .init(arguments: [
        "--bind", "127.0.0.1", "127.0.0.2", "--tls-port", "\(port)", "--tls-ca-cert-file", certificates.authority,
        "--tls-cert-file",
        certificates.server.certificate, "--tls-key-file", certificates.server.key, "--tls-auth-clients", "yes",
      ]))
  }

  private func client(_ host: String, _ configure: (inout Configuration.RedisTLS) -> Void = { _ in }) throws
    -> RedisClient
  {
    var tls = Configuration.RedisTLS()
    tls.rootCAs = [certificates.authority]
    tls.certificate = certificates.client.certificate
    tls.key = certificates.client.key
    configure(&tls)
    return try RedisClient.of("\(host):\(port)") { $0.tls = tls }
  }

  @Test(arguments: ["localhost", "127.0.0.1"]) func `commands pass, small and large`(host: String) throws {
    let client = try client(host)
    let value = String(repeating: "x", count: 100_000)
    let deployment = try client.deployment()
    for round in 0..<20 {
      let sets = (0..<20).map { RedisCommand(["SET", "key\($0)", "\(round)\(value)"]) }
      #expect(try deployment.run(sets).allSatisfy { $0 == .status("OK") })
      let gets = (0..<20).map { RedisCommand(["GET", "key\($0)"]) }
      #expect(try deployment.run(gets).allSatisfy { $0.text == "\(round)\(value)" })
    }
    #expect(client.statistics.snapshot.connects == 1)
    try server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    #expect(try deployment.run(["PING"]) == [.status("PONG")])
    #expect(client.statistics.snapshot.errors == 0)
  }

  @Test func `a server that others vouch for, or of another name, is refused`() throws {
    let others = try TestCertificates()
    for client in [
      try client("localhost") { $0.rootCAs = [others.authority] }, try client("localhost") { $0.rootCAs = [] },
      // The server listens there, too, but its certificate doesn't say so.
      try client("127.0.0.2"),
    ] {
      let error = #expect(throws: RedisError.self) { try client.deployment() }
      #expect(error?.code == .refused)
      #expect(error?.description.contains("redis.tls.rootcas") == true)
    }
  }

  @Test func `authorities under the name of 3_0 are trusted beside the system's`() throws {
    let client = try client("localhost") { tls in
      tls.clientCAs = tls.rootCAs
      tls.rootCAs = []
    }
    #expect(try client.deployment().run(["PING"]) == [.status("PONG")])
  }

  @Test func `a client that shows no certificate is refused`() throws {
    let client = try client("localhost") {
      $0.certificate = ""
      $0.key = ""
    }
    #expect(throws: RedisError.self) { try client.deployment() }
  }

  @Test func `a server without TLS is refused`() throws {
    var tls = Configuration.RedisTLS()
    tls.rootCAs = [certificates.authority]
    let error = #expect(throws: RedisError.self) {
      try RedisClient.of(server.address, timeout: .seconds(2)) { $0.tls = tls }.deployment()
    }
    #expect(error?.code == .refused || error?.code == .timeout || error?.code == .unavailable)
  }

  @Test func `files that can't be read are named with their key`() throws {
    for (key, configure) in [
      ("rootcas", { $0.rootCAs = ["/no/such/file"] }), ("clientcas", { $0.clientCAs = ["/no/such/file"] }),
      ("certificate", { $0.certificate = "/no/such/file" }),
      ("key", { $0.key = "/no/such/file" }), ("key", { $0.key = certificates.server.key }),
    ] as [(String, (inout Configuration.RedisTLS) -> Void)] {
      let error = #expect(throws: RedisError.self) { try client("localhost", configure) }
      #expect(error?.code == .misconfigured)
      #expect(error?.message.hasPrefix("redis.tls.\(key)") == true)
    }
  }
}
