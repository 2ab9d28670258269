import Foundation
import Glibc
import TestSupport

/// A registry that sends its clients to another host for blobs, and that host: a second nginx, with what
/// `berth nginx --part download` prints.
final class DownloadHost: Sendable {
  let registry: RegistryServer
  /// Where blobs are had.
  let port: UInt16
  /// `baseurl`
  let base: String
  static let secret = "0123456789-abcdef"
  private let folder: TemporaryFolder
  private let nginx: ChildProcess

  /// - Parameter path: of the base URL, percent-encoded.
  init(path: String = "") throws {
    folder = try TemporaryFolder()
    port = try FreePort.next()
    base = "http://127.0.0.1:\(port)\(path)"
    var options = DeploymentOptions()
    options.extraYAML = """
      middleware:
        storage:
          - name: redirect
            options: {baseurl: "\(base)", secret: \(Self.secret)}
      """
    registry = try RegistryServer(options: options)
    let server = try ChildProcess.output([
      RegistryServer.berthExecutable(), "nginx", "--part", "download", registry.folder / "config.yml",
    ]).replacingOccurrences(of: "/var/log/nginx/", with: folder.path + "/")
    let temporary = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"].map { "\($0)_temp_path \($0);" }
    let text = """
      \(geteuid() == 0 ? "user root;" : "")
      pid nginx.pid;
      error_log stderr;
      events {}
      http {
      \(temporary.joined(separator: "\n"))
      \(server)
      }
      """
    try text.write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
    nginx = try ChildProcess(
      ["/usr/sbin/nginx", "-p", folder.path, "-c", folder / "nginx.conf", "-g", "daemon off;"],
      log: folder / "nginx.log")
    let deadline = ContinuousClock.now + .seconds(120)
    while (try? WireClient.Connection(port: port)) == nil {
      guard nginx.isRunning, ContinuousClock.now < deadline else { throw Failure("no download host: \(log)") }
      usleep(10_000)
    }
  }

  /// What nginx has logged there.
  var log: String {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".log") }
      .map { (try? String(contentsOfFile: folder / $0, encoding: .utf8)) ?? "" }.joined(separator: "\n")
  }
}
