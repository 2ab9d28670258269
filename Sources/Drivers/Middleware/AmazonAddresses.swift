public import Core
public import Logging
import NIOConcurrencyHelpers

/// The addresses of Amazon's own network, as Amazon publishes them, read periodically in the background.
///
/// Until they were read, no client counts as one in Amazon's network, as in docker/distribution: all clients can use
/// CloudFront. If they can't be read again, the last ones stay in use.
public final class AmazonAddresses: Sendable {
  /// Gets a document by its URL: all of it, or it throws. Bounds time and length itself.
  public typealias Fetch = @Sendable (_ url: String) async throws -> [UInt8]

  /// Bytes of a document at the most; Amazon's has about two million.
  public static let documentLimit = 16 << 20

  /// The longest pause between a failure and the next attempt.
  private static let retryPause = Duration.seconds(60)

  private let source: Source
  private let ranges = NIOLockedValueBox<AddressRanges?>(nil)
  private let updating = NIOLockedValueBox<Task<Void, Never>?>(nil)

  private struct Source: Sendable {
    var url: String
    var regions: [String]
    var fetch: Fetch
    var logger: Logger
  }

  /// Knows nothing yet: see ``keepUpdated(every:)``.
  public init(_ options: Configuration.Middleware.CloudFront, fetch: @escaping Fetch, logger: Logger) {
    source = Source(
      url: options.ipRangesURL, regions: options.ipFilteredBy == .awsregion ? options.awsRegion.names : [],
      fetch: fetch, logger: logger)
  }

  deinit {
    updating.withLockedValue { $0 }?.cancel()
  }

  /// Whether `address` is in Amazon's network; false where it is no address.
  public func contain(_ address: String) -> Bool {
    guard let ranges = ranges.withLockedValue({ $0 }), let address = IPAddress(address) else { return false }
    return ranges.contains(address)
  }

  /// Reads the document, now and in this interval, until this object is released. Call it once.
  public func keepUpdated(every interval: Duration) {
    let task = Task { @concurrent [weak self] in
      while !Task.isCancelled {
        guard let succeeded = await self?.update() else { return }
        try? await Task.sleep(for: succeeded ? interval : min(interval, Self.retryPause))
      }
    }
    updating.withLockedValue { $0 = task }
  }

  /// Reads the document once.
  /// - Returns: whether it was read; if not, the former addresses stay in use.
  func update() async -> Bool {
    do {
      let bytes = try await source.fetch(source.url)
      guard bytes.count <= Self.documentLimit else {
        throw StorageError(.tooLarge, "more than \(Self.documentLimit) bytes")
      }
      let document = try AmazonRangesDocument(bytes, regions: source.regions)
      // The document is wrong, or the region isn't Amazon's: keep the old addresses.
      guard !document.networks.isEmpty else { throw StorageError(.failed, "no network of these regions") }
      let ranges = AddressRanges(document.networks)
      self.ranges.withLockedValue { $0 = ranges }
      source.logger.info("read \(document.networks.count) networks of Amazon's (\(document.unreadable) unreadable)")
      return true
    } catch {
      if !Task.isCancelled {
        source.logger.warning("cloudfront: can't read the networks at \(source.url): \(String("\(error)".prefix(300)))")
      }
      return false
    }
  }
}
