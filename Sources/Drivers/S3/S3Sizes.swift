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

  /// Of a part that isn't the last.
  static let leastPart = 5 << 20
  /// Of one part, or of a copy in one request.
  static let largestPart: Int64 = 5 << 30
  /// Of one object.
  static let mostParts = 10_000
  /// Bytes of one object, as many as its parts can have. A store that claims more is wrong, or lies.
  static let largestObject = Int64(mostParts) * largestPart
  /// What a writer has in memory of one piece at the most, unless `chunksize` is more.
  private static let largestPiece = 64 << 20
  /// After as many pieces their size doubles.
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

  /// Whether so many bytes fit into the parts of one object as they come.
  func fitsParts(_ length: Int64) -> Bool {
    length <= Int64(chunk) * Int64(Self.mostParts - 1)
  }

  /// The size of an object as a store gives it; nil where it can be none.
  static func object(_ text: some StringProtocol) -> Int64? {
    Decimal.bytes(text).flatMap { $0 <= largestObject ? $0 : nil }
  }

  /// How an object of `size` bytes is copied in parts: as large as is asked for, or as it takes.
  func copyRanges(_ size: Int64) -> [ClosedRange<Int64>] {
    let least = (size + Int64(Self.mostParts) - 1) / Int64(Self.mostParts)
    let step = min(max(copyChunk, least), Self.largestPart)
    return stride(from: 0, to: size, by: Int64.Stride(step)).map { $0...(min($0 + step, size) - 1) }
  }
}
