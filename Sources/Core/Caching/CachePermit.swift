import NIOConcurrencyHelpers

/// The right of one process to answer from a cache, as the storage has it.
///
/// Each domain (``BlobDescriptorCache/domain()``) has a small file in the storage, which names a number: entries of
/// the cache bear it, and are void under any other. A process reads the file again before a second is over, and
/// answers from no cache until it has. So whoever changes the storage without being able to tell a cache of it (a
/// command, another host with a cache of its own, anybody while Redis is down) takes the file away, waits for a
/// little more than a second, and knows that nobody goes by what was remembered before: see ``CacheInvalidation``.
final class CachePermit: Sendable {
  let domain: String
  private let driver: any StorageDriver
  private let path: StoragePath
  private let state = NIOLockedValueBox(State())

  private struct State {
    var pass: CachePass?
    var isRenewing = false
    /// When it was read, or tried to, for the last time.
    var readAt: ContinuousClock.Instant?
    /// The number that was read last, and how long it holds: see ``CachePermitFile/rest(modified:)``.
    var known: (number: UInt64, end: ContinuousClock.Instant)?
  }

  /// How long what was read holds, counted from the moment before it was read.
  static let lease = Duration.seconds(1)
  /// How often it is read, while there are requests.
  private static let renewal = Duration.milliseconds(500)

  init(domain: String, _ driver: any StorageDriver) {
    self.domain = domain
    self.driver = driver
    path = StorageLayout.cachePermit(domain)
  }

  /// What is needed to go by the cache; nil while nobody may, or it can't be known.
  ///
  /// Reads a small file twice a second at the most. While one request does, the others go on.
  func pass() async -> CachePass? {
    let now = ContinuousClock.now
    let (known, isMine) = state.withLockedValue { state -> (CachePass?, Bool) in
      if state.isRenewing { return (state.pass, false) }
      if let readAt = state.readAt, now - readAt < CachePermit.renewal { return (state.pass, false) }
      state.isRenewing = true
      state.readAt = now
      return (nil, true)
    }
    guard isMine else { return known.flatMap { now < $0.end ? $0 : nil } }
    let number = try? await read()
    let pass = number.flatMap { $0 }.map { CachePass(domain: domain, number: $0, end: now + CachePermit.lease) }
    state.withLockedValue { state in
      state.isRenewing = false
      state.pass = pass
    }
    return pass.flatMap { $0.isValid ? $0 : nil }
  }

  /// The number in the file, which is made where it is missing; nil while the domain is closed.
  private func read() async throws(StorageError) -> UInt64? {
    for _ in 1...3 {
      switch try await CachePermitFile.read(path, driver) {
      case .open(let number) where try await holds(number): return number
      case .closed: return nil
      case .open, .absent:
        // What counts is what is read after that: another process may do the same.
        try await CachePermitFile.open(.random(in: .min ... .max)).write(path, driver, durability: .process)
      }
    }
    return nil
  }

  /// Whether a number is young enough. The file is looked at once for each.
  private func holds(_ number: UInt64) async throws(StorageError) -> Bool {
    let known = state.withLockedValue { $0.known }
    if let known, known.number == number { return ContinuousClock.now < known.end }
    do {
      let now = ContinuousClock.now
      guard let rest = CachePermitFile.rest(modified: try await driver.stat(path).modified) else { return false }
      state.withLockedValue { $0.known = (number, now + rest) }
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }
}

/// What a request needs to go by a cache.
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

  /// Whether it still holds. To be asked after the cache has answered.
  public var isValid: Bool { ContinuousClock.now < end }
}
