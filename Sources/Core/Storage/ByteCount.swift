/// Numbers of bytes: of files, objects and contents.
///
/// Whatever brings one in from outside (a disk, an object store, Redis, a file's content) brings it into ``range``, so
/// that an offset or another such number can be added to it. Sums of many are a ``ByteTotal``.
public enum ByteCount {
  /// Half of what an Int64 holds.
  package static let range = 0...Int64.max / 2

  /// The number in ``range`` that is nearest to `bytes`.
  package static func clamped(_ bytes: Int64) -> Int64 {
    min(max(bytes, range.lowerBound), range.upperBound)
  }

  /// `17 bytes`, `1.5 MiB (1572864 bytes)`.
  public static func text(_ bytes: Int64) -> String {
    guard bytes >= 1024 else { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
    var tenths = bytes
    var unit = -1
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while tenths >= 1024, unit + 1 < units.count {
      // The last step keeps one digit after the point.
      if tenths < 1024 * 1024 {
        let scaled = tenths * 10 / 1024
        return "\(scaled / 10).\(scaled % 10) \(units[unit + 1]) (\(bytes) bytes)"
      }
      tenths /= 1024
      unit += 1
    }
    return "\(bytes) bytes"
  }
}

/// The sum of any number of sizes. One beyond Int64 is the largest that it holds: sparse files and object stores may
/// claim more than there is in the world.
public struct ByteTotal: Sendable, Equatable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// As a number.
  public private(set) var bytes: Int64

  /// So many.
  public init(integerLiteral bytes: Int64) { self.bytes = bytes }

  /// Adds a size.
  public static func += (total: inout ByteTotal, bytes: Int64) {
    let (sum, overflow) = total.bytes.addingReportingOverflow(bytes)
    total.bytes = overflow ? .max : sum
  }

  /// As ``ByteCount/text(_:)`` has it.
  public var description: String { ByteCount.text(bytes) }
}
