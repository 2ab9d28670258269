import Foundation
import HTTPTypes
import TestSupport

/// Debian's docker-registry over a storage directory, on a free port. Ends with its owner.
final class DockerRegistry: Sendable {
  let port: UInt16
  private let folder: TemporaryFolder
  private let configuration: String
  private let process: ChildProcess

  /// - Parameters:
  ///   - schema1: whether it serves the manifests of 2015.
  ///   - redis: where it remembers blobs; nil: nowhere.
  init(rootDirectory: String, schema1: Bool = false, redis: String? = nil) throws {
    folder = try TemporaryFolder()
    port = try FreePort.next()
    let cache = redis == nil ? "" : ", cache: {blobdescriptor: redis}"
    let configuration = """
      version: 0.1
      storage: {filesystem: {rootdirectory: \(rootDirectory)}, delete: {enabled: true}\(cache)}
      http: {addr: "127.0.0.1:\(port)", secret: \(DeploymentOptions.secret)}
      compatibility: {schema1: {enabled: \(schema1)}}
      \(redis.map { "redis: {addr: \"\($0)\"}" } ?? "")
      """
    try configuration.write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
    self.configuration = folder / "config.yml"
    process = try ChildProcess(
      ["/usr/bin/docker-registry", "serve", folder / "config.yml"], log: folder / "registry.log")
    let deadline = ContinuousClock.now + .seconds(300)
    while (try? WireClient.Connection(port: port).exchange(TestRequest(.get, "/v2/"), close: true))?.status != 200 {
      guard process.isRunning, ContinuousClock.now < deadline else {
        throw Failure(
          (try? String(contentsOfFile: folder / "registry.log", encoding: .utf8)) ?? "no log")
      }
      usleep(20_000)
    }
  }

  /// Runs its garbage collection over the storage directory.
  func collectGarbage() throws {
    _ = try ChildProcess.output(["/usr/bin/docker-registry", "garbage-collect", configuration])
  }
}
