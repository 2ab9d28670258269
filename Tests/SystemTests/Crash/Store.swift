import Core
import Drivers
import Foundation
import HTTPTypes
import Logging
import TestSupport

/// A storage directory, opened as a process does that has just started.
struct Store {
  let root: String
  let driver: FilesystemDriver
  /// Knows `COLLECT` as well, as `CrashSubject` does.
  let client: StoreClient

  init(_ root: String) throws {
    self.root = root
    driver = try FilesystemDriver(rootDirectory: root, maxThreads: 25, accelPrefix: nil)
    client = StoreClient(
      api: InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver))), root: root,
      driver: driver)
  }

  /// Makes all files an hour old, so that garbage collection may take them.
  static func age(_ root: String) throws {
    var times = [timeval(), timeval()]
    gettimeofday(&times[0], nil)
    times[0].tv_sec -= 3600
    times[1] = times[0]
    guard let walk = FileManager.default.enumerator(atPath: root) else { throw Failure("no directory \(root)") }
    for case let path as String in walk { utimes(root + "/" + path, times) }
  }

  /// What is answered to every question about the specimen: by request, the status and the body's digest, or the names
  /// in a list.
  func picture() async throws -> [String: String] {
    var picture: [String: String] = [:]
    func look(_ target: String, _ fields: HTTPFields = [:]) async throws {
      let answer = try await client.send(.get, target, fields)
      let digest = answer.status == 200 ? sha256(answer.body) : ""
      if target.contains("sha256:"), answer.status == 200, !target.contains("referrers"), !target.hasSuffix(digest) {
        throw Failure("\(target) has the content \(digest)")
      }
      picture[target] =
        "\(answer.status) \(target.hasSuffix("list") || target.hasSuffix("catalog") ? answer.text : digest)"
    }
    let manifests: HTTPFields = [.accept: TestImage.manifestType]
    try await look("/v2/_catalog")
    for repository in Specimen.repositories {
      try await look("/v2/\(repository)/tags/list")
      for tag in Specimen.tags { try await look("/v2/\(repository)/manifests/\(tag)", manifests) }
      for content in repository == Specimen.app ? Specimen.contents : Specimen.fewContents {
        try await look("/v2/\(repository)/blobs/\(sha256(content))")
        try await look("/v2/\(repository)/manifests/\(sha256(content))", manifests)
      }
      for subject in [Specimen.stable, Specimen.untagged] {
        try await look("/v2/\(repository)/referrers/\(subject.digest)")
      }
    }
    return picture
  }

  /// What an upload is said to hold: its length; nil where it isn't there.
  func progress(_ location: String) async throws -> Int? {
    let answer = try await client.send(.get, location)
    guard answer.status == 204, let last = answer.fields[.range]?.split(separator: "-").last.flatMap({ Int($0) }) else {
      guard answer.status == 404 else { throw Failure("GET upload: \(answer.status) \(answer.text)") }
      return nil
    }
    return last == 0 ? 0 : last + 1
  }

  /// Where an upload goes on, with a state that is up to date.
  func location(_ location: String) async throws -> String {
    try await client.send(.get, location).fields[.location] ?? location
  }

  /// That every content is what its name says, and that every manifest which can be read can be pulled.
  func expectWhole() async throws {
    for path in try tree().keys where path.hasSuffix("/data") && path.contains("/blobs/sha256/") {
      let content = try Data(contentsOf: URL(fileURLWithPath: root + "/" + path))
      guard sha256(Array(content)) == "sha256:\(path.split(separator: "/").dropLast().last ?? "")" else {
        throw Failure("\(path) has other content")
      }
    }
    for repository in Specimen.repositories {
      for image in Specimen.images {
        let answer = try await client.send(.get, "/v2/\(repository)/manifests/\(image.digest)")
        guard answer.status == 200 else { continue }
        for blob in image.blobs {
          let head = try await client.send(.head, "/v2/\(repository)/blobs/\(sha256(blob))")
          guard head.status == 200, head.fields[.contentLength] == String(blob.count) else {
            throw Failure("\(repository)@\(image.digest) can be read, but \(sha256(blob)) is \(head.status)")
          }
        }
      }
    }
  }

  /// Removes what has been left, as the keeper does in time.
  func cleanUp() async throws {
    _ = try await driver.sweepLeftovers(olderThan: .zero)
    let purger = UploadPurger(
      driver: driver, age: .zero, dryRun: false, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await purger.run(now: WallClock.now + 1_000_000_000)
  }

  /// Every file with the digest of what is in it. An empty directory is nothing.
  func tree() throws -> [String: String] {
    var tree: [String: String] = [:]
    guard let walk = FileManager.default.enumerator(atPath: root) else { throw Failure("no directory \(root)") }
    for case let path as String in walk {
      // These tell when maintenance was done.
      guard !path.contains("/_maintenance/") else { continue }
      guard let content = FileManager.default.contents(atPath: root + "/" + path) else { continue }
      tree[path] = sha256(Array(content))
    }
    return tree
  }
}

/// The API, and garbage collection.
struct StoreClient: RegistryClient {
  let api: InProcessClient
  let root: String
  let driver: FilesystemDriver

  func send(_ request: TestRequest) async throws -> TestResponse {
    guard request.method == Specimen.collect else { return try await api.send(request) }
    try Store.age(root)
    var options = GarbageCollector.Options()
    options.grace = .zero
    options.deletesUntagged = request.target.contains("untagged")
    let collector = GarbageCollector(driver, options)
    let turn = try await MaintenanceTurn.perform(GarbageCollector.task, driver) { () async throws(StorageError) in
      (try await collector.run(), isComplete: true)
    }
    guard case .done(let report) = turn else { throw Failure("another collection is running") }
    guard report.problemCount == 0 else { throw Failure("\(report.problems)") }
    return TestResponse(status: 200, fields: [:], body: [])
  }
}

extension Specimen {
  /// Makes the store in a directory.
  static func prepare(_ root: String) async throws {
    var performer = Performer(try Store(root).client)
    for step in preparation.steps {
      let outcome = try await performer.perform(step)
      guard outcome.status == 201 else { throw Failure("\(step.method) \(step.target): \(outcome.status)") }
    }
  }
}
