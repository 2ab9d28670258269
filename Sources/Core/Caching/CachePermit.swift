import NIOConcurrencyHelpers

/// Whether this process may answer from a cache.
///
/// The domain (``BlobDescriptorCache/domain()``) has a permit file in the storage, which holds a number; entries with
/// another number are void. The process reads the file at least once a second while it uses the cache. A deletion that
/// can't inform the domain (by a command, by another host with a cache of its own, by any process while Redis is down)
/// closes the file and waits somewhat longer than a second (``CacheInvalidation``). See docs/caching.md.
final class CachePermit: Sendable {
  let domain: String
  private let driver: any StorageDriver
  private let path: StoragePath
  /// nil: the domain was closed, or the file could not be read.
  private let reading = LeasedReading<CachePass?>(lease: CachePermit.lease, renewal: CachePermit.renewal)
  /// The number that was read last, and how long it holds: see ``CachePermitFile/rest(modified:)``.
  private let known = NIOLockedValueBox<(number: UInt64, end: ContinuousClock.Instant)?>(nil)

  /// How long a reading may be used, counted from before it began.
  static let lease = Duration.seconds(1)
  /// How often the file is read, while there are requests.
  private static let renewal = Duration.milliseconds(500)

  init(domain: String, _ driver: any StorageDriver) {
    self.domain = domain
    self.driver = driver
    path = StorageLayout.cachePermit(domain)
  }

  /// The present pass; nil: the cache must not be used, because the domain is closed or the file can't be read.
  ///
  /// Reads the file twice a second at the most. While one request reads it, the others use the last pass.
  func pass() async -> CachePass? {
    let now = ContinuousClock.now
    switch reading.step(asOf: now) {
    case .use(let pass):
      return pass
    case .missing:
      return nil
    case .renew:
      let number = try? await read()
      let pass = number.flatMap { $0 }.map { CachePass(domain: domain, number: $0, end: now + CachePermit.lease) }
      reading.store(pass, readFrom: now)
      reading.endRenewal()
      return pass.flatMap { $0.isValid ? $0 : nil }
    }
  }

  /// The number in the file, which is created where it is missing; nil while the domain is closed.
  private func read() async throws(StorageError) -> UInt64? {
    for _ in 1...3 {
      switch try await CachePermitFile.read(path, driver) {
      case .open(let number) where try await holds(number): return number
      case .closed: return nil
      case .open, .absent:
        // Read again afterwards: another process may have written another number meanwhile.
        try await CachePermitFile.open(.random(in: .min ... .max)).write(path, driver, durability: .process)
      }
    }
    return nil
  }

  /// Whether a number is young enough. The file is looked at once for each.
  private func holds(_ number: UInt64) async throws(StorageError) -> Bool {
    if let known = known.withLockedValue({ $0 }), known.number == number { return ContinuousClock.now < known.end }
    do {
      let now = ContinuousClock.now
      guard let rest = CachePermitFile.rest(modified: try await driver.stat(path).modified) else { return false }
      known.withLockedValue { $0 = (number, now + rest) }
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }
}

/// What a request needs to use a cache.
public struct CachePass: Sendable, Equatable {
  /// Of which cache.
  public var domain: String
  /// Entries that bear another number are void.
  public var number: UInt64
  /// Until when.
  public var end: ContinuousClock.Instant

  /// A pass.
  public init(domain: String, number: UInt64, end: ContinuousClock.Instant) {
    self.domain = domain
    self.number = number
    self.end = end
  }

  /// Whether it is still valid. Check it after the cache has answered.
  public var isValid: Bool { ContinuousClock.now < end }
}
