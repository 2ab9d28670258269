import Core
import Foundation
import TestSupport

@testable import FCGIApp

/// nginx with the configuration that `berth nginx` prints, and no worker behind it but the one that a test brings.
final class NginxServer: Sendable {
  let folder: TemporaryFolder
  let port: UInt16
  private let nginx: ChildProcess

  /// The storage's root.
  var root: String { folder / "registry" }
  /// Where the workers are expected to listen.
  var socket: String { folder / "berth.sock" }

  /// - Parameters:
  ///   - extra: further lines of the configuration's `http`.
  ///   - rules: what a user adds to nginx's configuration.
  convenience init(extra: String = "", rules: Rules = Rules()) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder / "registry", withIntermediateDirectories: true)
    try self.init(
      Self.configuration(
        """
        version: 0.1
        storage: {filesystem: {rootdirectory: \(folder / "registry")}}
        http:
          headers: {X-Content-Type-Options: [nosniff], X-Own: [value], X-Two: ["a b", 'c;"d']}
          \(extra)
        """), in: folder, rules: rules)
  }

  /// What a user adds to the configuration that is printed, by the block that it goes to.
  struct Rules: Sendable {
    var http = ""
    var server = ""
    /// The API's location.
    var location = ""
  }

  /// For a configuration, in a folder; where nginx listens and where workers do, is said here.
  convenience init(_ configuration: Configuration, in folder: TemporaryFolder, rules: Rules = Rules()) throws {
    let port = try FreePort.next()
    var configuration = configuration
    configuration.http.address = .tcp(host: "127.0.0.1", port: port)
    configuration.fastcgi.address = .unix(path: folder / "berth.sock")
    var text = try NginxConfiguration(configuration: configuration, user: Self.user).text(.complete)
    for (place, lines) in [
      ("http {\n", rules.http), ("    server_tokens off;\n", rules.server),
      ("location \(configuration.http.prefix)v2/ {\n", rules.location),
    ] where !lines.isEmpty {
      text = text.replacing(place, with: place + lines + "\n", maxReplacements: 1)
    }
    try self.init(text, port: port, in: folder)
  }

  /// Who nginx's workers run as: whoever runs the tests.
  static var user: String? { geteuid() == 0 ? "root" : nil }

  /// With a configuration that listens at a port of 127.0.0.1.
  init(_ text: String, port: UInt16, in folder: TemporaryFolder) throws {
    (self.folder, self.port) = (folder, port)
    try text.write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
    nginx = try ChildProcess(
      ["/usr/sbin/nginx", "-p", folder.path, "-c", folder / "nginx.conf", "-g", "daemon off;"],
      log: folder / "nginx.log")
    let deadline = ContinuousClock.now + .seconds(120)
    while (try? WireClient.Connection(port: port)) == nil {
      guard nginx.isRunning, ContinuousClock.now < deadline else {
        throw FastCGIConnection.Failure(
          description: (try? String(contentsOfFile: folder / "nginx.log", encoding: .utf8)) ?? "nginx did not start")
      }
      usleep(10_000)
    }
  }

  static func configuration(_ text: String) throws -> Configuration {
    try Configuration.parse(Array(text.utf8), name: "config.yml").configuration
  }
}
