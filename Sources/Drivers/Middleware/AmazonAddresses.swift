public import Core
public import Logging
import NIOConcurrencyHelpers

/// The addresses that Amazon says are its own, read again and again in the background.
///
/// As long as they could not be read, nobody is taken for one of Amazon's clients, as in docker/distribution: the way
/// through CloudFront is open to all. Once they were read, the old ones hold as long as no new ones can be had.
public final class AmazonAddresses: Sendable {
  /// Gets a document by its URL: all of it, or it throws. Bounds time and length itself.
  public typealias Fetch = @Sendable (_ url: String) async throws -> [UInt8]

  /// Bytes of a document at the most; Amazon's has about two million.
  public static let documentLimit = 16 << 20

  /// How soon a failure is followed by another attempt, at the latest.
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

  /// Whether this is one of them. What is no address is none.
  public func contain(_ address: String) -> Bool {
    guard let ranges = ranges.withLockedValue({ $0 }), let address = IPAddress(address) else { return false }
    return ranges.contains(address)
  }

  /// Reads the document, now and in this interval, until this object is let go. To be called once.
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
  /// - Returns: whether that went well; where not, all is as it was.
  func update() async -> Bool {
    do {
      let bytes = try await source.fetch(source.url)
      guard bytes.count <= Self.documentLimit else {
        throw StorageError(.tooLarge, "more than \(Self.documentLimit) bytes")
      }
      let document = try AmazonRangesDocument(bytes, regions: source.regions)
      // Rather the old ones than none: a wrong document, or a region that isn't Amazon's.
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
