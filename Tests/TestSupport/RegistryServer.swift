package import Core
import Foundation
import HTTPTypes
import Synchronization

/// `berth serve` behind a real nginx, on a free port and in a folder of its own. Ends with its owner.
package final class RegistryServer: Sendable {
  package let port: UInt16
  /// The storage driver's root.
  package let rootDirectory: String
  /// Where configuration, logs and sockets lie.
  package let folder: TemporaryFolder
  private let berth: ChildProcess
  private let nginx: ChildProcess

  /// The one that tests share where they need nothing special.
  package static var shared: Result<RegistryServer, any Error> {
    Result { try ServerTests.require("registry") }.flatMap { started }
  }

  /// The same over a bucket of radosgw.
  package static var sharedOverS3: Result<RegistryServer, any Error> {
    Result { try ServerTests.require("registry") }.flatMap { startedOverS3 }
  }

  private static let started = Result { try RegistryServer(options: DeploymentOptions()) }
  private static let startedOverS3 = Result { try overS3(DeploymentOptions()) }

  /// One over a bucket of radosgw, which nginx fetches blobs from.
  package static func overS3(_ options: DeploymentOptions) throws -> RegistryServer {
    var options = options
    options.bucket = try RadosGateway.shared.get().store.configuration()
    options.redirectDisabled = true
    return try RegistryServer(options: options)
  }

  /// The storage, where it is a bucket.
  package let bucket: Configuration.S3?

  /// Starts both and waits until `/v2/` is answered. Content lies in `rootDirectory`, or in a folder of its own.
  package init(options: DeploymentOptions, rootDirectory: String? = nil) throws {
    try ServerTests.require("registry")
    folder = try TemporaryFolder()
    port = try FreePort.next()
    bucket = options.bucket
    self.rootDirectory = rootDirectory ?? folder / "registry"
    let configuration = folder / "config.yml"
    try options.yaml(rootDirectory: self.rootDirectory, port: port, socket: folder / "berth.sock")
      .write(toFile: configuration, atomically: true, encoding: .utf8)
    let executable = try Self.berthExecutable()
    let environment = ProcessInfo.processInfo.environment.merging(options.environment) { $1 }
    let nginxConfiguration = try ChildProcess.output([executable, "nginx", configuration], environment: environment)
    try nginxConfiguration.write(toFile: folder / "nginx.conf", atomically: true, encoding: .utf8)
    berth = try ChildProcess(
      [executable, "serve", configuration], log: folder / "berth.log",
      environment: environment)
    nginx = try ChildProcess(
      ["/usr/sbin/nginx", "-p", folder.path, "-c", folder / "nginx.conf", "-g", "daemon off;"],
      log: folder / "nginx.log")
    try waitUntilReady(prefix: options.prefix)
  }

  /// The supervisor's process id.
  package var processID: Int32 { berth.processID }

  /// The supervisor's children: the workers and the keeper.
  package var children: Set<Int32> {
    let list = try? String(contentsOfFile: "/proc/\(processID)/task/\(processID)/children", encoding: .utf8)
    return Set((list ?? "").split(separator: " ").compactMap { Int32($0) })
  }

  /// What it has logged, but for the access log.
  package var log: String {
    let text = (try? String(contentsOfFile: folder / "berth.log", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { !$0.contains("msg=\"response completed\"") }.joined(separator: "\n")
  }

  private func waitUntilReady(prefix: String) throws {
    let deadline = ContinuousClock.now + .seconds(300)
    // Another registry may answer where nginx could not have the port.
    while ContinuousClock.now < deadline, berth.isRunning, nginx.isRunning {
      if let connection = try? WireClient.Connection(port: port),
        let answer = try? connection.exchange(TestRequest(.get, prefix + "v2/"), close: true), answer.status == 200
      {
        return
      }
      usleep(20_000)
    }
    let logs = ["berth.log", "nginx.log"].map { name in
      "\(name):\n" + ((try? String(contentsOfFile: folder / name, encoding: .utf8)) ?? "")
    }
    throw WireClient.Failure(description: "the registry did not come up\n" + logs.joined(separator: "\n"))
  }

  /// The executable that users get: the optimised one that `BERTH_TEST_EXECUTABLE` names, as scripts/test has it, since
  /// a compiler may do in one what it doesn't in the other. Without the variable, the one beside the tests.
  package static func berthExecutable() throws -> String {
    guard let path = ProcessInfo.processInfo.environment["BERTH_TEST_EXECUTABLE"] else {
      return try builtExecutable("berth")
    }
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw WireClient.Failure(description: "BERTH_TEST_EXECUTABLE: there is no executable \(path)")
    }
    return path
  }

  /// An executable that was built beside the tests.
  package static func builtExecutable(_ name: String) throws -> String {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent(name).path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      folder.deleteLastPathComponent()
    }
    throw WireClient.Failure(description: "no \(name) executable beside \(CommandLine.arguments[0])")
  }
}
