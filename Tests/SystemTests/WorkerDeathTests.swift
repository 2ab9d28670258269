import Core
import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// Processes are killed at random while clients push and pull and garbage is collected: workers, the keeper, and the
/// collections.
@Suite(.ownThread) struct WorkerDeathTests {
  /// Seconds of killing; a longer run is asked for with `BERTH_TEST_KILL_SECONDS=60`.
  static let seconds = ProcessInfo.processInfo.environment["BERTH_TEST_KILL_SECONDS"].flatMap { Int($0) } ?? 15

  /// What was answered with 201, as a target and its digest.
  private final class Acknowledged: Sendable {
    private let entries = Mutex<[(target: String, digest: String)]>([])
    private let state = Atomic(false)

    /// Whether nothing went wrong.
    var isComplete: Bool { state.load(ordering: .relaxed) }
    func complete() { state.store(true, ordering: .relaxed) }

    func add(_ target: String, _ digest: String) { entries.withLock { $0.append((target, digest)) } }
    func random() -> (target: String, digest: String)? { entries.withLock { $0.randomElement() } }
    var all: [(target: String, digest: String)] { entries.withLock { $0 } }
  }

  @Test("nothing that was answered 201 is missing, and no torn file is visible")
  func kill9() async throws {
    var options = DeploymentOptions()
    options.workers = 4
    options.cache = .inMemory
    let server = try RegistryServer(options: options)
    let port = server.port
    let end = ContinuousClock.now + .seconds(Self.seconds)
    let acknowledged = Acknowledged()
    let killed = Atomic(0)

    let collections = Atomic(0)
    let folder = try TemporaryFolder()
    try Script("collection", [TestRequest(Specimen.collect, "plain")]).write(to: folder / "script")
    let collect = try [RegistryServer.builtExecutable("CrashSubject"), server.rootDirectory, folder / "script"]

    defer { if !acknowledged.isComplete { print(server.log) } }
    try await Threads.run(count: 18) { index in
      let client = BlockingClient(port: port, deadline: end + .seconds(300))
      switch index {
      case 17:
        while ContinuousClock.now < end {
          let collection = try ChildProcess(collect, log: folder / "collection.log")
          collections.add(1, ordering: .relaxed)
          usleep(.random(in: 0...150_000))
          if Bool.random(), collection.isRunning, kill(collection.processID, SIGKILL) == 0 {
            killed.add(1, ordering: .relaxed)
          }
          _ = collection.exitStatus
        }
      case 16:
        while ContinuousClock.now < end {
          usleep(.random(in: 100_000...400_000))
          if let worker = server.children.randomElement(), kill(worker, SIGKILL) == 0 {
            killed.add(1, ordering: .relaxed)
          }
        }
      case 8...:
        while ContinuousClock.now < end {
          guard let (target, digest) = acknowledged.random() else {
            usleep(10_000)
            continue
          }
          try client.pull(target, digest: digest)
        }
      default:
        let repository = "pushed/by-\(index)"
        var number = 0
        while ContinuousClock.now < end {
          number += 1
          let image = TestImage(unique: "\(index) \(number)", layerSize: 200_000)
          // Collections have no grace: what was pushed may be gone before its manifest comes.
          repeat {
            for blob in image.blobs { try client.push(blob, to: repository) }
          } while try !client.push(manifest: image.manifest, to: repository, tag: "v\(number)")
          for blob in image.blobs {
            acknowledged.add("/v2/\(repository)/blobs/\(sha256(blob))", sha256(blob))
          }
          acknowledged.add("/v2/\(repository)/manifests/v\(number)", sha256(image.manifest))
        }
      }
    }

    acknowledged.complete()
    // Those that die again and again are replaced more slowly, so now and then there is nobody to kill.
    #expect(killed.load(ordering: .relaxed) > Self.seconds / 4)
    #expect(!acknowledged.all.isEmpty)
    print("\(killed.load(ordering: .relaxed)) kills, \(collections.load(ordering: .relaxed)) collections")
    let root = server.rootDirectory + "/docker/registry/v2"
    try await Threads.run {
      let client = BlockingClient(port: port, deadline: .now + .seconds(300))
      for (target, digest) in acknowledged.all { try client.pull(target, digest: digest) }
      try Self.expectWhole(root)
    }
  }

  /// Every blob is what its path says, and every link names a digest.
  private static func expectWhole(_ root: String) throws {
    let walk = try #require(FileManager.default.enumerator(atPath: root))
    for case let path as String in walk {
      let parts = path.split(separator: "/")
      guard let content = FileManager.default.contents(atPath: root + "/" + path) else { continue }
      if parts.first == "blobs", parts.last == "data" {
        #expect(sha256(Array(content)) == "\(parts[1]):\(parts[3])")
      } else if parts.last == "link" {
        #expect(Digest(String(decoding: content, as: UTF8.self)) != nil, "\(path)")
      }
    }
  }
}
