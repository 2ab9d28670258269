import Core
import Drivers
import Foundation
import HTTPTypes
import Logging
import RedisCache
import TestSupport

/// What each cache gains where the storage is far away, and what a Redis costs that is dead: latencies of requests that
/// handlers in this process answer, without a web server, so that nothing else is measured.
@main struct CacheGain {
  static func main() async throws {
    try await far()
    try await dead()
  }

  // MARK: - Storage that is far away

  private static let latency = 20
  /// As many at a time as the S3 driver is asked.
  private static let concurrency = 16

  private static func far() async throws {
    let redis = try RedisServer()
    print(
      """
      Storage that takes \(latency) ms for each call, and \(concurrency) calls of a request at once: median of \
      milliseconds (ratio to no cache):\n
      """)
    print("| | no cache | in process | Redis |\n|:--|--:|--:|--:|")
    var rows: [(String, [Double])] = []
    for cache in [nil, try inProcess(), try over(redis.address)] as [(any BlobDescriptorCache)?] {
      let driver = HookedDriver(InMemoryDriver(), concurrency: concurrency) { _ in
        try? await Task.sleep(for: .milliseconds(latency))
      }
      let subject = try Subject(driver, cache)
      for (index, row) in try await subject.figures().enumerated() {
        if index == rows.count { rows.append((row.0, [])) }
        rows[index].1.append(row.1)
      }
    }
    for (name, values) in rows {
      let cells = values.map { String(format: "%.2f (%.1f)", $0 * 1000, values[0] / $0) }
      print("| \(name) | \(cells.joined(separator: " | ")) |")
    }
  }

  // MARK: - A Redis that is dead

  private static func dead() async throws {
    let paused = try RedisServer()
    let folder = try TemporaryFolder()
    let driver = try FilesystemDriver(rootDirectory: folder.path, maxThreads: 100, accelPrefix: nil)
    let none = try Subject(driver, nil)
    let refused = try Subject(driver, try over("127.0.0.1:\(try FreePort.next())"))
    let silent = try Subject(driver, try over(paused.address))
    paused.pause()
    let digest = try await none.push(size: 1000)
    var times: [[Double]] = [[], [], []]
    for _ in 0..<200 {
      for (index, subject) in [none, refused, silent].enumerated() {
        for _ in 0..<20 { times[index].append(try await subject.head(digest)) }
      }
    }
    print("\nRedis that is dead, on this disk: latency of HEAD of a blob, as a ratio to no cache:\n")
    print("| | median | 99th percentile | mean |\n|:--|--:|--:|--:|")
    for (name, index) in [("refuses connections", 1), ("hangs", 2)] {
      let ratios = [percentile(50), percentile(99), mean].map { $0(times[index]) / $0(times[0]) }
      print("| \(name) | \(ratios.map { String(format: "%.2f", $0) }.joined(separator: " | ")) |")
    }
    paused.resume()
  }

  // MARK: - Caches

  private static func inProcess() throws -> any BlobDescriptorCache {
    InProcessDescriptorCache(capacity: 10_000, domain: "host-1", generation: .ofThisProcess())
  }

  private static func over(_ address: String) throws -> any BlobDescriptorCache {
    var configuration = Configuration.Redis()
    configuration.addresses = [address]
    return RedisDescriptorCache(
      try RedisClient(configuration, logger: Logger(label: "redis") { _ in SwiftLogNoOpLogHandler() }))
  }

  // MARK: - Figures

  static func percentile(_ percent: Int) -> ([Double]) -> Double {
    { values in values.sorted()[min(values.count - 1, values.count * percent / 100)] }
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}

/// What must not be measured.
struct WrongAnswer: Error {
  var text: String
}

/// A registry in this process.
struct Subject {
  private let client: InProcessClient
  private static let manifestType = "application/vnd.oci.image.manifest.v1+json"

  init(_ driver: any StorageDriver, _ cache: (any BlobDescriptorCache)?) throws {
    var configuration = Configuration()
    configuration.storage.deleteEnabled = true
    configuration.http.secret = "of the benchmark"
    client = InProcessClient(
      RequestPipeline.handler(
        APIContext(
          registry: Registry(
            driver: driver,
            caching: cache.map { RegistryCaching($0, grace: configuration.storage.garbageCollection.grace) }),
          configuration: configuration, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })))
  }

  /// What requests take, in seconds: the median of several.
  func figures() async throws -> [(String, Double)] {
    var layers: [(digest: Digest, size: Int)] = []
    for index in 0..<100 { layers.append((try await push(size: 100 + index), 100 + index)) }
    let config = try await push(size: 50)
    let entries = layers.map {
      #"{"mediaType":"application/octet-stream","digest":"\#($0.digest)","size":\#($0.size)}"#
    }
    let manifest = """
      {"schemaVersion":2,"mediaType":"\(Self.manifestType)",\
      "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(config)","size":50},\
      "layers":[\(entries.joined(separator: ","))]}
      """
    let put = try await median(5) {
      try await client.send(
        .put, "/v2/bench/image/manifests/latest", [.contentType: Self.manifestType], body: Array(manifest.utf8))
    }
    let heads = try await median(50) { try await client.send(.head, "/v2/bench/image/blobs/\(config)") }
    let gets = try await median(20) {
      try await client.send(.get, "/v2/bench/image/manifests/latest", [.accept: Self.manifestType])
    }
    var mounts = 0
    let mount = try await median(20) {
      mounts += 1
      return try await client.send(
        .post, "/v2/bench/mounted-\(mounts)/blobs/uploads/?mount=\(config)&from=bench/image")
    }
    return [
      ("HEAD of a blob", heads), ("push of a manifest with 100 layers, which are verified", put),
      ("GET of a manifest by tag", gets), ("mount", mount),
    ]
  }

  func head(_ digest: Digest) async throws -> Double {
    try await median(1) { try await client.send(.head, "/v2/bench/image/blobs/\(digest)") }
  }

  func push(size: Int) async throws -> Digest {
    let content = (0..<size).map { _ in UInt8.random(in: 0...255) }
    let digest = ContentHasher.digest(.sha256, of: content)
    let answer = try await client.send(.post, "/v2/bench/image/blobs/uploads/?digest=\(digest)", body: content)
    guard answer.status == 201 else { throw WrongAnswer(text: answer.text) }
    return digest
  }

  private func median(_ count: Int, _ request: () async throws -> TestResponse) async throws -> Double {
    var times: [Double] = []
    for _ in 0..<count {
      let start = ContinuousClock.now
      let answer = try await request()
      times.append((ContinuousClock.now - start) / .seconds(1))
      guard (200..<300).contains(answer.status) else { throw WrongAnswer(text: answer.text) }
    }
    return CacheGain.percentile(50)(times)
  }
}
