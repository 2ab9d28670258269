import Core
import Synchronization
import TestSupport
import Testing

@testable import Drivers

/// What an object store claims can't be counted on: no claim of it ends a worker, or keeps it busy for ever.
@Suite(.ownThread) struct S3LyingStoreTests {
  private let path: StoragePath

  init() throws {
    path = try #require(StoragePath("/a/b"))
  }

  /// Runs `body` over a store that answers so.
  private func with(
    _ answer: @escaping @Sendable (_ method: String, _ target: String) -> LyingStore.Answer,
    _ body: (S3Driver, LyingStore) async throws -> Void
  ) async throws {
    try await with(leaseLifetime: .seconds(60), { answer($0.method, $0.target) }, body)
  }

  private func with(
    leaseLifetime: Duration, _ answer: @escaping @Sendable (LyingStore.Request) -> LyingStore.Answer,
    _ body: (S3Driver, LyingStore) async throws -> Void
  ) async throws {
    let store = try LyingStore(answer)
    defer { store.stop() }
    var configuration = Configuration.S3()
    configuration.regionEndpoint = "http://127.0.0.1:\(store.port)"
    configuration.region = "us-east-1"
    configuration.bucket = "b"
    configuration.forcePathStyle = true
    configuration.secure = false
    (configuration.accessKey, configuration.secretKey) = ("a", "s")
    try await body(try S3Driver(configuration, leaseLifetime: leaseLifetime), store)
  }

  @Test(arguments: ["9223372036854775807", "4611686018427387904", "60000000000000"])
  func `an object that is larger than objects can be is no object`(length: String) async throws {
    try await with { _, _ in
      .init(200, ["Content-Length: \(length)", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "ETag: \"e\""])
    } _: { driver, _ in
      await #expect(throws: StorageError.self) { _ = try await driver.stat(path) }
      await #expect(throws: StorageError.self) { _ = try await driver.reader(at: path, from: 0) }
      await #expect(throws: StorageError.self) {
        try await driver.move(path, to: path.parent, durability: .process)
      }
    }
  }

  @Test(arguments: [
    "Fri, 06 Nov 1700 08:49:37 GMT", "Sat, 12 Apr 2262 00:00:00 GMT", "Sun, 31 Dec 9999 23:59:59 GMT", "now", "",
  ])
  func `an object of an impossible time is young, so that nothing removes it for its age`(date: String) async throws {
    try await with { _, _ in
      .init(200, ["Content-Length: 3", "Last-Modified: \(date)", "Date: \(date)", "ETag: \"e\""])
    } _: { driver, _ in
      let before = WallClock.now
      let entry = try await driver.stat(path)
      #expect(entry.size == 3 && entry.modified >= before - 1_000_000_000)
    }
  }

  @Test func `a lease of an impossible time is another writer's`() async throws {
    try await with { method, _ in
      method == "PUT"
        ? .init(412, [])
        : .init(
          200, ["Last-Modified: Fri, 06 Nov 1700 08:49:37 GMT", "Date: Sat, 12 Apr 2262 00:00:00 GMT", "ETag: \"e\""],
          body: "other")
    } _: { driver, _ in
      let error = await #expect(throws: StorageError.self) { _ = try await driver.writer(at: path, appending: true) }
      #expect(error?.code == .busy)
    }
  }

  @Test(arguments: [false, true])
  func `a lease without a time is taken over once it has not been renewed for its lifetime`(
    isRenewed: Bool
  ) async throws {
    let reads = Atomic(0)
    try await with(leaseLifetime: .milliseconds(200)) { request in
      guard request.target.contains("lease") else { return .init(404) }
      switch request.method {
      case "PUT": return request.ifMatch == nil ? .init(412) : .init(200, ["ETag: \"mine\""])
      case "GET":
        let number = reads.add(1, ordering: .relaxed).newValue
        return .init(200, ["ETag: \"e\(isRenewed ? number : 0)\""], body: "other 1")
      default: return .init(204)
      }
    } _: { driver, _ in
      if isRenewed {
        for _ in 0..<2 {
          await expect(.busy) { _ = try await driver.writer(at: path, appending: true) }
          try await Task.sleep(for: .milliseconds(300))
        }
      } else {
        let writer = try await Eventually.value("lease") { try? await driver.writer(at: path, appending: true) }
        try await writer.cancel()
      }
    }
  }

  @Test(arguments: ["-5", "9223372036854775807", "4611686018427387904", "1e9", "x"])
  func `a file that is being written is not larger than it can be`(note: String) async throws {
    let list = """
      <ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a/b/!file</Key>\
      <LastModified>1700-01-01T00:00:00Z</LastModified><Size>-1</Size></Contents></ListBucketResult>
      """
    try await with { method, target in
      if method == "HEAD", !target.contains("!file"), !target.contains("%21file") { return .init(404) }
      if method == "HEAD" { return .init(200, ["Content-Length: 20", "x-amz-meta-berth: \(note)", "ETag: \"e\""]) }
      return .init(200, [], body: list)
    } _: { driver, _ in
      let entry = try await driver.stat(path)
      #expect(!entry.isDirectory && entry.size == 0)
    }
  }

  @Test(arguments: [
    "berth-upload 1\na 0 4294967295 5368709120\n\n", "berth-upload 1\na 0 1 -5\n\n",
    "berth-upload 1\na 9223372036854775807 2 5242880\n\n",
    "berth-upload 1\n" + String(repeating: "a 0 1048576 5242880\n", count: 2) + "\n",
  ])
  func `a list of pieces that can't be is damaged`(document: String) async throws {
    try await with { _, target in
      target.contains("file") ? .init(200, ["ETag: \"e\""], body: document) : .init(404)
    } _: { driver, _ in
      await #expect(throws: StorageError.self) { _ = try await driver.reader(at: path, from: 0) }
    }
  }

  @Test(arguments: [true, false])
  func `a list that never ends is given up`(isEmpty: Bool) async throws {
    let pages = Atomic(0)
    try await with { _, _ in
      let number = pages.add(1, ordering: .relaxed).newValue
      let content = isEmpty ? "" : "<Contents><Key>a/b/c\(number % 2)</Key><Size>1</Size></Contents>"
      return .init(
        200, [],
        body: """
          <ListBucketResult><IsTruncated>true</IsTruncated>\(content)\
          <NextContinuationToken>t\(number % 2)</NextContinuationToken></ListBucketResult>
          """)
    } _: { driver, store in
      await #expect(throws: StorageError.self) { _ = try await driver.list(path) }
      await #expect(throws: StorageError.self) { _ = try await driver.entries(of: path) }
      #expect(store.requests < 3 * S3ListingProgress.patience)
    }
  }

  @Test func `a list of unfinished uploads that never ends is given up`() async throws {
    let pages = Atomic(0)
    try await with { _, _ in
      let number = pages.add(1, ordering: .relaxed).newValue
      return .init(
        200, [],
        body: """
          <ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>\
          <NextUploadIdMarker>\(number)</NextUploadIdMarker></ListMultipartUploadsResult>
          """)
    } _: { driver, _ in
      await #expect(throws: StorageError.self) { _ = try await driver.sweepLeftovers(olderThan: .seconds(Int64.max)) }
    }
  }

  @Test(
    arguments: [
      "bytes 0-9/100", "bytes 5-9/9223372036854775807", "bytes 5-9/*", "bytes 5-9", "bytes -1-9/10", "5-9/10", nil,
    ] as [String?])
  func `an answer with other bytes than were asked for is none`(range: String?) async throws {
    try await with { _, _ in
      .init(range == nil ? 200 : 206, ["ETag: \"e\""] + (range.map { ["Content-Range: \($0)"] } ?? []), body: "01234")
    } _: { driver, _ in
      await #expect(throws: StorageError.self) { _ = try await driver.reader(at: path, from: 5) }
    }
  }
}
