import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import FCGIApp

/// Several registries on one nginx, each with what `berth nginx` prints for it.
@Suite(.ownThread) struct NginxNeighboursTests {
  /// A registry's configuration, and workers that say its name.
  private final class Registry {
    let configuration: NginxConfiguration
    let responder: FastCGIResponder

    init(_ name: String, in folder: TemporaryFolder, _ http: String) throws {
      let root = folder / name
      try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
      try Data("the content of \(name)".utf8).write(to: URL(fileURLWithPath: root + "/blob"))
      let socket = folder / "\(name).sock"
      let parsed = try NginxServer.configuration(
        """
        version: 0.1
        storage: {filesystem: {rootdirectory: \(root)}}
        http: \(http)
        fastcgi: {address: \(socket)}
        """)
      configuration = NginxConfiguration(configuration: parsed)
      let prefix = parsed.fastcgi.accelPrefix
      responder = try FastCGIResponder(path: socket) { request in
        switch request.parameters["REQUEST_URI"]?.split(separator: "/").last {
        case "blob": "Status: 200 OK\r\nX-Accel-Redirect: \(prefix)/blob\r\n\r\n"
        case "missing": "Status: 200 OK\r\nX-Accel-Redirect: \(prefix)/missing\r\n\r\n"
        case "death": nil
        default: "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nworkers of \(name)"
        }
      }
    }
  }

  private static func conf(_ http: String) -> String {
    """
    \(NginxServer.user.map { "user \($0);" } ?? "")
    pid nginx.pid;
    error_log stderr;
    events {}
    http {
      client_body_temp_path a; fastcgi_temp_path b; proxy_temp_path c; scgi_temp_path d; uwsgi_temp_path e;
      \(http)
    }
    """
  }

  private func expect(
    _ name: String, answers client: WireClient, at prefix: String = "/", _ fields: HTTPFields = [:]
  ) async throws {
    for method: HTTPRequest.Method in [.get, .post, .delete] {
      #expect(try await client.send(method, prefix + "v2/x", fields).text == "workers of \(name)")
    }
    #expect(try await client.send(.get, prefix + "v2/blob", fields).text == "the content of \(name)")
    #expect(try await client.send(.get, prefix + "v2/missing", fields).text.contains("BLOB_UNKNOWN"))
    let failed = try await client.send(.delete, prefix + "v2/death", fields)
    #expect(failed.status == 502 && failed.text.contains("UNAVAILABLE"))
  }

  @Test func `two sites are two servers`() async throws {
    let folder = try TemporaryFolder()
    let port = try FreePort.next()
    let names = ["one", "two"]
    let registries = try names.map { name in
      try Registry(name, in: folder, "{addr: \"127.0.0.1:\(port)\", host: \"http://\(name).test:\(port)\"}")
    }
    let sites = try registries.map { try $0.configuration.text(.site).replacing("/var/log/nginx/", with: "") }
    let server = try NginxServer(Self.conf(sites.joined(separator: "\n")), port: port, in: folder)
    for name in names {
      try await expect(name, answers: WireClient(port: server.port), [.host: "\(name).test:\(port)"])
    }
  }

  @Test func `two prefixes lie in one server`() async throws {
    let folder = try TemporaryFolder()
    let port = try FreePort.next()
    let names = ["one", "two", "top"]
    let registries = try names.map { try Registry($0, in: folder, "{prefix: /\($0 == "top" ? "" : $0)}") }
    let http = try registries.map { try $0.configuration.text(.http) }.joined()
    let locations = try registries.map { try $0.configuration.text(.server) }.joined()
    let server = try NginxServer(
      Self.conf("\(http)\nserver {\nlisten 127.0.0.1:\(port);\naccess_log off;\n\(locations)\n}"), port: port,
      in: folder)
    for name in names {
      try await expect(name, answers: WireClient(port: server.port), at: name == "top" ? "/" : "/\(name)/")
    }
  }

  @Test func `downloads of two registries have names of their own`() throws {
    let folder = try TemporaryFolder()
    let text = try ["one", "two"].map { name in
      try NginxConfiguration(
        configuration: NginxServer.configuration(
          """
          version: 0.1
          storage: {filesystem: {rootdirectory: /srv/\(name)}}
          middleware:
            storage: [{name: redirect, options: {baseurl: "http://\(name).test:8080", secret: 0123456789abcdef}}]
          fastcgi: {address: /run/\(name).sock}
          """)
      ).text(.download)
    }.joined().replacing("/var/log/nginx/", with: "")
    try Self.conf(text).write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
    _ = try ChildProcess.output(["/usr/sbin/nginx", "-t", "-q", "-p", folder.path, "-c", folder / "nginx.conf"])
  }

  @Test func `names are short enough for nginx, and differ where long addresses do`() throws {
    var names: Set<String> = []
    for address in ["/srv/a/path/that/goes/on/and/on/berth.sock", "/srv/b/path/that/goes/on/and/on/berth.sock"] {
      var configuration = Configuration()
      configuration.fastcgi.address = try #require(Configuration.Address(address))
      let name = NginxNames(configuration).base
      names.insert(name)
      #expect(name.hasPrefix("berth_and_on_berth_sock_") && name.utf8.count <= 33, "\(name)")
      // The variables' names go on behind it.
      let text = try NginxConfiguration(configuration: configuration).text(.complete)
      let variables = text.matches(of: /\$([a-z0-9_]+)/).map(\.output.1)
      #expect(variables.allSatisfy { $0.utf8.count <= 46 }, "\(variables)")
    }
    #expect(names.count == 2)
  }

  @Test(arguments: [
    ("/run/berth/berth.sock", "berth"), ("/run/berth/hub.sock", "berth_run_berth_hub_sock"),
    ("127.0.0.1:9000", "berth_127_0_0_1_9000"), ("workers.internal:9000", "berth_workers_internal_9000"),
  ])
  func `names say where the workers are`(_ address: String, _ name: String) throws {
    var configuration = Configuration()
    configuration.fastcgi.address = try #require(Configuration.Address(address))
    #expect(NginxNames(configuration).base == name)
    configuration.fastcgi.upstreams = [try #require(Configuration.Address("10.0.0.1:9000"))]
    #expect(NginxNames(configuration).base == "berth_10_0_0_1_9000")
  }

  @Test(arguments: [
    ["/run/berth/hub.sock", "/run/berth-hub.sock", "/run/berth_hub.sock", "/run/berth.hub.sock"],
    ["/run/hub.sock", "/run/Hub.sock", "/run/hub.SOCK", "//run/hub.sock", "/run/hub..sock", "/run/hub/sock"],
    ["/run/hub.sock", "/run/hub.sock/", "/run/hub/.sock", "/run-hub.sock", "/run/hübsock"],
    ["hub.test:9000", "hub-test:9000", "hub_test:9000", "HUB.test:9000", "hub..test:9000", "/hub/test/9000"],
    ["[fd00::1]:9000", "[fd00:1::]:9000", "fd00.1:9000", "fd00-1:9000"],
    [":9000", "/9000", "0:9000", "/-", "/_"],
  ])
  func `no two addresses have the same names, whatever the case`(addresses: [String]) throws {
    let names = try addresses.map { address in
      var configuration = Configuration()
      configuration.fastcgi.address = try #require(Configuration.Address(address))
      let name = NginxNames(configuration).base
      #expect(name.wholeMatch(of: /[A-Za-z0-9_]{1,33}/) != nil, "\(name)")
      return name.lowercased()
    }
    #expect(Set(names).count == addresses.count, "\(names)")
  }
}
