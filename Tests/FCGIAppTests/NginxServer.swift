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

  /// `extra`: further lines of the configuration's `http`; `isGuarded`: nginx first asks one who isn't there.
  convenience init(extra: String = "", isGuarded: Bool = false) throws {
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
        """), in: folder, isGuarded: isGuarded)
  }

  /// For a configuration, in a folder; where nginx listens and where workers do, is said here.
  init(_ configuration: Configuration, in folder: TemporaryFolder, isGuarded: Bool = false) throws {
    self.folder = folder
    port = try FreePort.next()
    var configuration = configuration
    configuration.http.address = .tcp(host: "127.0.0.1", port: port)
    configuration.fastcgi.address = .unix(path: folder / "berth.sock")
    let text = try NginxConfiguration(configuration: configuration, user: geteuid() == 0 ? "root" : nil).text(.complete)
      .replacing(
        "location /v2/ {",
        with: isGuarded
          ? "location = /_nobody { proxy_pass http://127.0.0.1:1; }\nlocation /v2/ {\nauth_request /_nobody;"
          : "location /v2/ {")
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
