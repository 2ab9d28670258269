extension Configuration {
  /// `fastcgi.blobcache`: where nginx keeps blobs that it has fetched from an object store.
  public struct BlobCache: Sendable, Equatable {
    /// `path`: an absolute one of a folder, which nginx makes.
    public var path = ""
    /// `size`: bytes on the disk, beyond which what was not used for longest goes.
    public var size = ByteSize(10 << 30)
    /// `slice`: bytes of the pieces in which blobs are fetched and kept.
    public var slice = ByteSize(4 << 20)

    /// The defaults.
    public init() {}
  }
}

extension Configuration.BlobCache: ConfigurationSection {
  private static let slices: ClosedRange<Int64> = (64 << 10)...(1 << 30)

  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("path", &path)
    if !path.hasPrefix("/") {
      keys.report(.error, "path", "\(path) is no absolute path", remedy: "name a folder, beginning with a slash")
    }
    keys.value("size", &size)
    keys.value("slice", &slice)
    if !Self.slices.contains(slice.bytes) {
      keys.report(.error, "slice", "\(slice) is out of range", remedy: "give 64k to 1g; the default is 4m")
      slice = Self().slice
    }
    if size.bytes < slice.bytes {
      keys.report(.error, "size", "\(size) is not even a piece (slice)", remedy: "give more, such as 10g")
    }
  }
}

/// A number of bytes: `1048576`, `1024k`, `1m`, `10g` or `2t`, as nginx counts.
public struct ByteSize: Sendable, Equatable, CustomStringConvertible {
  /// As a number.
  public let bytes: Int64

  private static let units: [(suffix: Character, shift: Int64)] = [("t", 40), ("g", 30), ("m", 20), ("k", 10)]

  /// So many.
  public init(_ bytes: Int64) { self.bytes = bytes }

  /// In the largest unit that divides it.
  public var description: String {
    for unit in Self.units where bytes > 0 && bytes % (1 << unit.shift) == 0 {
      return "\(bytes >> unit.shift)\(unit.suffix)"
    }
    return String(bytes)
  }
}

extension ByteSize: ConfigurationValue {
  static var expectation: String { "a number of bytes such as 1048576, 512k, 4m or 10g" }

  init?(_ node: YAMLNode) {
    guard var text = node.scalar?.text.lowercased()[...] else { return nil }
    let unit = Self.units.first { text.last == $0.suffix }
    if unit != nil { text.removeLast() }
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int64(text)
    else { return nil }
    let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: 1 << (unit?.shift ?? 0))
    guard !isTooMuch else { return nil }
    self.bytes = bytes
  }

  var content: YAMLNode.Content? { .scalar(YAMLScalar(text: description, isString: false)) }
}
