import Core
import NIOConcurrencyHelpers
import NIOCore

/// Keeps other writers from a file: an object created with If-None-Match (RFC 9110, section 13.1.2) and renewed. A
/// lease that is not renewed in time may be taken by another writer; the old one notices at its next renewal.
///
/// Its content begins with the writer's name and changes with each renewal, and so does its entity tag. Where the store
/// reports no times, the tag shows whether the writer still renews the lease (``S3LeaseSightings``).
///
/// A writer whose lease was taken may still be writing. ``S3Writer`` makes sure that data of two writers never mixes.
final class S3Lease: Sendable {
  private let driver: S3Driver
  private let path: StoragePath
  /// Differs for each lease; part of the names of the writer's pieces.
  let writer: String
  private let state: NIOLockedValueBox<State>

  private struct State {
    /// Entity tag of the lease as this writer wrote it last; nil: the lease is lost or given back.
    var etag: String?
    var renewed: ContinuousClock.Instant
  }

  /// How often the lease is renewed.
  private static let renewal = Duration.seconds(20)

  private init(_ driver: S3Driver, _ path: StoragePath, writer: String, etag: String) {
    self.driver = driver
    self.path = path
    self.writer = writer
    state = NIOLockedValueBox(State(etag: etag, renewed: .now))
  }

  /// Takes the lease; waits for another writer as long as the driver's patience, but tries at least once.
  /// - Throws: `.busy` where another writer keeps the lease.
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

  /// - Returns: the lease's entity tag; nil where another writer has the lease.
  private static func take(
    _ driver: S3Driver, _ key: String, _ writer: String
  ) async throws(S3Failure) -> String? {
    do {
      return try await driver.client.put(key, content(of: writer), driver.options, condition: .ifAbsent)
    } catch  where error.isConditionFailed {
    }
    guard let found = try await driver.client.get(key, limit: 64, isCancellable: false) else { return nil }
    // This writer may have created it, and the answer got lost.
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

  /// - Returns: the new entity tag; nil where the lease no longer has the tag `etag`.
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

  /// Renews the lease if it is due, or in any case if `renewing`.
  /// - Returns: false where another writer has the lease now, or the file was removed.
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

  /// Removes the lease, so that others can write.
  func giveBack() async throws(StorageError) {
    // Renew it first if due: otherwise another writer may have taken it by the time that it is removed.
    guard try await isHeld() else { return }
    isRemoved()
    try await driver.perform("write", path) { () async throws(S3Failure) in
      try await driver.client.delete(driver.keys.lease(path))
    }
  }

  /// Call it when the lease was removed with the file.
  func isRemoved() {
    state.withLockedValue { $0.etag = nil }
  }
}
