import Foundation
import HTTPTypes
import TestSupport

/// Debian's docker-registry over a folder or a bucket, on a free port. Ends with its owner.
final class DockerRegistry: Sendable {
  let port: UInt16
  private let folder: TemporaryFolder
  private let configuration: String
  private let process: ChildProcess

  /// Over a folder.
  /// - Parameters:
  ///   - schema1: whether it serves the manifests of 2015.
  ///   - redis: where it remembers blobs; nil: nowhere.
  convenience init(rootDirectory: String, schema1: Bool = false, redis: String? = nil) throws {
    try self.init(driver: "filesystem: {rootdirectory: \(rootDirectory)}", schema1: schema1, redis: redis)
  }

  /// Over a bucket.
  /// - Parameters:
  ///   - rootDirectory: the prefix of all keys, with a slash before it.
  ///   - redirects: whether it sends clients to the store.
  convenience init(store: ObjectStore, bucket: String, rootDirectory: String, redirects: Bool = false) throws {
    let driver = """
      s3: {regionendpoint: "\(store.endpoint)", region: \(store.region), bucket: \(bucket), secure: false, \
      v4auth: true, accesskey: "\(store.accessKey)", secretkey: "\(store.secretKey)", \
      rootdirectory: \(rootDirectory)}, redirect: {disable: \(!redirects)}
      """
    try self.init(driver: driver, schema1: false, redis: nil)
  }

  private init(driver: String, schema1: Bool, redis: String?) throws {
    folder = try TemporaryFolder()
    port = try FreePort.next()
    let cache = redis == nil ? "" : ", cache: {blobdescriptor: redis}"
    let configuration = """
      version: 0.1
      storage: {\(driver), delete: {enabled: true}\(cache)}
      http: {addr: "127.0.0.1:\(port)", secret: \(DeploymentOptions.secret)}
      compatibility: {schema1: {enabled: \(schema1)}}
      \(redis.map { "redis: {addr: \"\($0)\"}" } ?? "")
      """
    try configuration.write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
    self.configuration = folder / "config.yml"
    process = try ChildProcess(
      ["/usr/bin/docker-registry", "serve", folder / "config.yml"], log: folder / "registry.log",
      environment: Self.environment)
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
    _ = try ChildProcess.output(
      ["/usr/bin/docker-registry", "garbage-collect", configuration], environment: Self.environment)
  }

  /// What the machine says of Amazon is not for here.
  private static var environment: [String: String] {
    ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("AWS_") }
  }
}
