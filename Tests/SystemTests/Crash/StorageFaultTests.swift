import Foundation
import HTTPTypes
import TestSupport
import Testing

/// What clients see of a storage that fails, over nginx and real workers: an error that says so and asks to come again,
/// nothing torn, and service by itself once the fault is gone.
@Suite(
  .ownThread, .serialized,
  .enabled(if: LoopMount.isPossible, "mounting file systems needs root and loop devices, which aren't here"))
struct StorageFaultTests {
  /// A registry on a small file system of its own, with an image in it.
  private final class Site {
    let folder: TemporaryFolder
    let mount: LoopMount
    let server: RegistryServer
    let image = TestImage(unique: "before the fault")
    private var pushes = 0
    var root: String { mount.path + "/registry" }

    init(_ options: [String] = []) throws {
      folder = try TemporaryFolder(in: LoopMount.memory)
      try LoopMount.make(.ext4, folder / "image", size: 24 << 20, options)
      mount = try LoopMount(.ext4, folder / "image", at: folder / "mount")
      var deployment = DeploymentOptions()
      deployment.workers = 1
      server = try RegistryServer(options: deployment, rootDirectory: mount.path + "/registry")
    }

    func prepare() async throws {
      let client = WireClient(port: server.port)
      try await image.push(to: client, repository: "fault/app", reference: "latest")
    }

    func send(_ method: HTTPRequest.Method, _ target: String, body: [UInt8] = []) throws -> TestResponse {
      var fields: HTTPFields = [.accept: TestImage.manifestType]
      if !body.isEmpty { fields[.contentType] = "application/octet-stream" }
      return try WireClient.Connection(port: server.port).exchange(
        TestRequest(method, target, fields: fields, body: body), close: true)
    }

    /// New content in one request.
    func push(_ count: Int = 300_000) throws -> (answer: TestResponse, digest: String) {
      pushes += 1
      let content = TestContent.bytes(count, seed: pushes)
      let digest = sha256(content)
      return (try send(.post, "/v2/fault/app/blobs/uploads/?digest=\(digest)", body: content), digest)
    }

    /// That content can be read and asked for.
    func expectReadable() throws {
      for blob in image.blobs {
        let target = "/v2/fault/app/blobs/\(sha256(blob))"
        #expect(try send(.get, target).body == blob)
        #expect(try send(.head, target).status == 200)
      }
      #expect(try send(.get, "/v2/fault/app/manifests/latest").body == image.manifest)
    }

    /// That a push fails as it should, and leaves nothing that can be seen.
    func expectPushFails() throws {
      let (answer, digest) = try push()
      StorageFaultTests.expectUnavailable(answer)
      #expect(try send(.head, "/v2/fault/app/blobs/\(digest)").status == 404)
    }

    /// That pushes succeed again, and nothing is torn or left.
    func expectService() throws {
      let deadline = ContinuousClock.now + .seconds(120)
      while true {
        let (answer, digest) = try push()
        if answer.status == 201 {
          #expect(try send(.head, "/v2/fault/app/blobs/\(digest)").status == 200)
          break
        }
        guard ContinuousClock.now < deadline else { throw Failure("no service: \(answer.status) \(answer.text)") }
        usleep(50_000)
      }
      try expectReadable()
      guard let walk = FileManager.default.enumerator(atPath: root) else { throw Failure("no \(root)") }
      for case let path as String in walk where path.hasSuffix("/data") && path.contains("/blobs/sha256/") {
        let content = FileManager.default.contents(atPath: root + "/" + path) ?? Data()
        #expect(sha256(Array(content)) == "sha256:\(path.split(separator: "/").dropLast().last ?? "")")
      }
    }

    /// The one worker's process id: the supervisor's child that has the listening socket and most threads.
    func worker() throws -> Int32 {
      let supervisor = server.processID
      let list = try String(contentsOfFile: "/proc/\(supervisor)/task/\(supervisor)/children", encoding: .utf8)
      let workers = list.split(separator: " ").compactMap { Int32($0) }.filter { id in
        let command = (try? String(contentsOfFile: "/proc/\(id)/cmdline", encoding: .utf8)) ?? ""
        return command.contains("worker")
      }
      guard let worker = workers.first else { throw Failure("no worker among \(list)") }
      return worker
    }
  }

  static func expectUnavailable(_ answer: TestResponse) {
    #expect(answer.status == 503 || answer.status == 507, "\(answer.status) \(answer.text)")
    #expect(answer.text.contains(#"{"errors":[{"code":"#), "\(answer.text)")
    #expect(answer.fields[.retryAfter] != nil)
  }

  @Test func `a full disk`() async throws {
    let site = try Site()
    try await site.prepare()
    let filler = site.mount.path + "/filler"
    // Until nothing goes in any more.
    let descriptor = open(filler, O_WRONLY | O_CREAT, 0o600)
    let block = [UInt8](repeating: 1, count: 4096)
    while write(descriptor, block, block.count) > 0 {}
    close(descriptor)
    try site.expectPushFails()
    try site.expectReadable()
    unlink(filler)
    try site.expectService()
  }

  @Test func `a full table of inodes`() async throws {
    let site = try Site(["-N", "128"])
    try await site.prepare()
    let fillers = site.mount.path + "/fillers"
    try FileManager.default.createDirectory(atPath: fillers, withIntermediateDirectories: false)
    for number in 0... {
      let descriptor = open("\(fillers)/\(number)", O_WRONLY | O_CREAT, 0o600)
      if descriptor < 0 { break }
      close(descriptor)
    }
    try site.expectPushFails()
    try site.expectReadable()
    try FileManager.default.removeItem(atPath: fillers)
    try site.expectService()
  }

  @Test func `a file system that turns read-only`() async throws {
    let site = try Site()
    try await site.prepare()
    _ = try ChildProcess.output(["/bin/mount", "-o", "remount,ro", site.mount.path])
    try site.expectPushFails()
    try site.expectReadable()
    _ = try ChildProcess.output(["/bin/mount", "-o", "remount,rw", site.mount.path])
    try site.expectService()
  }

  @Test(arguments: ["fsync", "pwrite64", "rename,renameat,renameat2"])
  func `a disk that fails`(calls: String) async throws {
    let site = try Site()
    try await site.prepare()
    let watched = calls.split(separator: ",").map { "?" + $0 }.joined(separator: ",")
    let strace = try ChildProcess(
      [
        "/usr/bin/strace", "-f", "-p", String(site.worker()), "-o", site.folder / "trace", "-e", "trace=" + watched,
        "-e", "inject=\(watched):error=EIO",
      ], log: site.folder / "strace.log")
    let deadline = ContinuousClock.now + .seconds(120)
    while try site.push().answer.status == 201, ContinuousClock.now < deadline { usleep(20_000) }
    try site.expectPushFails()
    try site.expectReadable()
    // It has no time to detach in good order, but the kernel does that.
    strace.stop(signal: SIGKILL)
    try site.expectService()
  }

  @Test func `no descriptor is left`() async throws {
    let site = try Site()
    try await site.prepare()
    try site.expectReadable()
    let worker = try site.worker()
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/fd").compactMap { Int($0) }
    let limit = try String(contentsOfFile: "/proc/\(worker)/limits", encoding: .utf8)
      .split(separator: "\n").first { $0.hasPrefix("Max open files") }?.split(separator: " ").dropFirst(3).first
    let before = try #require(limit)
    // Room for the connection, and for nothing more.
    let free = (0...).lazy.first { !open.contains($0) } ?? 0
    _ = try ChildProcess.output(["/usr/bin/prlimit", "--pid", "\(worker)", "--nofile=\(free + 1):"])
    Self.expectUnavailable(try site.push().answer)
    _ = try ChildProcess.output(["/usr/bin/prlimit", "--pid", "\(worker)", "--nofile=\(before):"])
    try site.expectService()
  }

  @Test func `a directory that is taken away`() async throws {
    let site = try Site()
    try await site.prepare()
    #expect(rename(site.root, site.root + "-away") == 0)
    Self.expectUnavailable(try site.push().answer)
    // A disk that is not there must not pass for a registry that has nothing.
    Self.expectUnavailable(try site.send(.get, "/v2/fault/app/manifests/latest"))
    Self.expectUnavailable(try site.send(.get, "/v2/fault/app/tags/list"))
    Self.expectUnavailable(try site.send(.get, "/v2/_catalog"))
    #expect(rename(site.root + "-away", site.root) == 0)
    try site.expectService()
  }
}
