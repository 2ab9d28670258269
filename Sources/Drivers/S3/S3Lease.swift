import Core
import NIOConcurrencyHelpers
import NIOCore

/// Keeps other writers from a file: an object that whoever writes has made, on condition that there was none
/// (RFC 9110, section 13.1.2), and renews. One that has not been renewed for a while is anybody's: whoever had it finds
/// out at its next renewal.
///
/// Its content begins with the writer's name and is another one with each renewal, and so is its tag: where the store
/// tells no time, it is told by that whether a writer still renews (``S3LeaseSightings``).
///
/// It keeps honest writers apart in time; that what two of them have written never mixes is seen to by ``S3Writer``.
final class S3Lease: Sendable {
  private let driver: S3Driver
  private let path: StoragePath
  /// Differs for each lease: pieces are named by it.
  let writer: String
  private let state: NIOLockedValueBox<State>

  private struct State {
    /// Of the object that we wrote last; nil: it isn't ours any more.
    var etag: String?
    var renewed: ContinuousClock.Instant
  }

  /// After how long it is renewed.
  private static let renewal = Duration.seconds(20)

  private init(_ driver: S3Driver, _ path: StoragePath, writer: String, etag: String) {
    self.driver = driver
    self.path = path
    self.writer = writer
    state = NIOLockedValueBox(State(etag: etag, renewed: .now))
  }

  /// Waits for the file as long as the driver's patience says, and no shorter than one look takes.
  /// - Throws: `.busy`.
  static func take(_ driver: S3Driver, _ path: StoragePath) async throws(StorageError) -> S3Lease {
    let deadline = ContinuousClock.now + driver.patience
    let writer = String(UInt64.random(in: .min ... .max), radix: 16)
    var pause = Duration.milliseconds(10)
    while true {
      let etag = try await driver.perform("write", path) { () async throws(S3Failure) in
        try await take(driver, driver.keys.lease(path), writer)
      }
      if let etag { return S3Lease(driver, path, writer: writer, etag: etag) }
      guard ContinuousClock.now < deadline else {
        throw StorageError(.busy, "write \(path)", cause: "another writer has it")
      }
      do {
        try await Task.sleep(for: pause)
      } catch {
        throw StorageError(.cancelled, "write \(path)")
      }
      pause = min(pause * 2, .milliseconds(100))
    }
  }

  /// - Returns: the tag of our object; nil where somebody else has the lease.
  private static func take(
    _ driver: S3Driver, _ key: String, _ writer: String
  ) async throws(S3Failure) -> String? {
    do {
      return try await driver.client.put(key, content(of: writer), driver.options, condition: .ifAbsent)
    } catch  where error.isConditionFailed {
    }
    guard let found = try await driver.client.get(key, limit: 64, isCancellable: false) else { return nil }
    // We may have made it ourselves, and the answer got lost.
    if isOwn(found.content, writer) { return found.head.etag }
    let age =
      found.head.modified.map { Duration.nanoseconds(found.head.now - $0) }
      ?? driver.leaseSightings.age(of: key, etag: found.head.etag)
    guard age > driver.leaseLifetime else { return nil }
    driver.leaseSightings.forget(key)
    return try await replace(driver, key, writer, found.head.etag)
  }

  private static func content(of writer: String) -> ByteBuffer {
    ByteBuffer(string: "\(writer) \(String(UInt64.random(in: .min ... .max), radix: 16))")
  }

  private static func isOwn(_ content: ByteBuffer, _ writer: String) -> Bool {
    String(buffer: content).prefix { $0 != " " } == writer
  }

  /// - Returns: nil where it is not what it was.
  private static func replace(
    _ driver: S3Driver, _ key: String, _ writer: String, _ etag: String
  ) async throws(S3Failure) -> String? {
    do {
      return try await driver.client.put(key, content(of: writer), driver.options, condition: .ifMatches(etag))
    } catch  where error.isConditionFailed || error.isNotFound {
      guard let found = try await driver.client.get(key, limit: 64, isCancellable: false),
        isOwn(found.content, writer)
      else {
        return nil
      }
      return found.head.etag
    }
  }

  /// Makes sure of it, where that was not done for a while, or in any case.
  /// - Returns: false where somebody else has the file now, or it was removed.
  func isHeld(renewing: Bool = false) async throws(StorageError) -> Bool {
    let (etag, renewed) = state.withLockedValue { ($0.etag, $0.renewed) }
    guard let etag else { return false }
    guard renewing || .now - renewed > Self.renewal else { return true }
    let begin = ContinuousClock.now
    let next = try await driver.perform("write", path) { () async throws(S3Failure) in
      try await Self.replace(driver, driver.keys.lease(path), writer, etag)
    }
    state.withLockedValue { $0 = State(etag: next, renewed: begin) }
    return next != nil
  }

  /// Lets others have the file.
  func giveBack() async throws(StorageError) {
    // One that was not renewed for long may be somebody else's by the time that it is removed.
    guard try await isHeld() else { return }
    isRemoved()
    try await driver.perform("write", path) { () async throws(S3Failure) in
      try await driver.client.delete(driver.keys.lease(path))
    }
  }

  /// The object is gone, with the file.
  func isRemoved() {
    state.withLockedValue { $0.etag = nil }
  }
}
