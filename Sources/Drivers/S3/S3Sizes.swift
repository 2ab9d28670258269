import Core

/// How large the pieces are in which content goes to the store, or is copied within it (Amazon S3 User Guide,
/// "Multipart upload limits": parts of 5 MiB to 5 GiB, the last one less, 10,000 of them, 5 TiB in all).
struct S3Sizes: Sendable, Equatable {
  /// Bytes of a piece (`chunksize`).
  var chunk: Int
  /// Bytes of a part that is copied (`multipartcopychunksize`).
  var copyChunk: Int64
  /// Bytes from which on a copy is made in parts (`multipartcopythresholdsize`).
  var copyThreshold: Int64
  /// Parts that are copied at once (`multipartcopymaxconcurrency`).
  var copyConcurrency: Int

  /// Minimum size of a part that isn't the last, in bytes.
  static let leastPart = 5 << 20
  /// Maximum size of a part, or of a copy in one request, in bytes.
  static let largestPart: Int64 = 5 << 30
  /// Maximum number of parts of one object.
  static let mostParts = 10_000
  /// Maximum size of an object that parts can have, in bytes. A larger size in an answer is an error.
  static let largestObject = Int64(mostParts) * largestPart
  /// Maximum bytes of a piece that a writer holds in memory, unless `chunksize` is more.
  private static let largestPiece = 64 << 20
  /// The size of pieces doubles after each of this many.
  private static let doubling = 900

  init(_ configuration: Configuration.S3) {
    chunk = configuration.chunkSize
    copyChunk = Int64(configuration.multipartCopyChunkSize)
    copyThreshold = min(Int64(configuration.multipartCopyThresholdSize), Self.largestPart)
    copyConcurrency = min(configuration.multipartCopyMaxConcurrency, 128)
  }

  /// Bytes of the piece with this number, from 0.
  func piece(_ number: Int) -> Int {
    max(chunk, min(chunk << min(number / Self.doubling, 20), Self.largestPiece))
  }

  /// Whether `length` bytes fit into the parts of one object without copying.
  func fitsParts(_ length: Int64) -> Bool {
    length <= Int64(chunk) * Int64(Self.mostParts - 1)
  }

  /// Parses the size of an object; nil where it is invalid.
  static func object(_ text: some StringProtocol) -> Int64? {
    Decimal.bytes(text).flatMap { $0 <= largestObject ? $0 : nil }
  }

  /// The ranges in which an object of `size` bytes is copied: of the configured size, or larger if there were too many.
  func copyRanges(_ size: Int64) -> [ClosedRange<Int64>] {
    let least = (size + Int64(Self.mostParts) - 1) / Int64(Self.mostParts)
    let step = min(max(copyChunk, least), Self.largestPart)
    return stride(from: 0, to: size, by: Int64.Stride(step)).map { $0...(min($0 + step, size) - 1) }
  }
}
