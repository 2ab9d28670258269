/// The content of a domain's permit file (``CachePermit``).
enum CachePermitFile: Equatable {
  /// Entries with this number are valid.
  case open(UInt64)
  /// Closed by the removal with this number: no entry may be used.
  case closed(UInt64)
  /// No file, a torn one, or one whose removal died.
  case absent

  /// After this time, a closed permit counts as left by a process that died.
  private static let closedAtMost = Duration.seconds(600)
  /// How long a number may be used after it was written; then the domain writes another one.
  private static let life = Duration.seconds(7 * 24 * 3600)
  /// By how much clocks may differ.
  private static let clockTolerance = Duration.seconds(24 * 3600)

  /// How much longer the number of an open file that was written at `modified` (nanoseconds since 1970) may be used;
  /// nil where it no longer may, or where the time lies too far in the future.
  static func rest(modified: Int64) -> Duration? {
    let age = Duration.nanoseconds(WallClock.now - modified)
    return age > .zero - clockTolerance && age < life ? life - max(.zero, age) : nil
  }

  /// Whether no process uses a permit that was written at `modified`, whatever is in it.
  static func isForgotten(modified: Int64) -> Bool {
    Duration.nanoseconds(WallClock.now - modified) > life + clockTolerance
  }

  static func read(_ path: StoragePath, _ driver: any StorageDriver) async throws(StorageError) -> CachePermitFile {
    guard let file = try await driver.state(at: path, limit: 64).map({ parse($0) }) else { return .absent }
    guard case .closed = file else { return file }
    guard let modified = try await driver.stateEntry(path)?.modified else { return .absent }
    let age = Duration.nanoseconds(WallClock.now - modified)
    return (.zero - closedAtMost...closedAtMost).contains(age) ? file : .absent
  }

  func write(
    _ path: StoragePath, _ driver: any StorageDriver, durability: Durability
  ) async throws(StorageError) {
    try await driver.put(Array(text.utf8), at: path, durability: durability)
  }

  private static func parse(_ content: [UInt8]) -> CachePermitFile {
    let parts = String(decoding: content, as: UTF8.self).split(separator: " ")
    guard parts.count == 2, parts[1].utf8.count == digits, let number = UInt64(parts[1], radix: 16) else {
      return .absent
    }
    switch parts[0] {
    case "open": return .open(number)
    case "closed": return .closed(number)
    default: return .absent
    }
  }

  private var text: String {
    switch self {
    case .open(let number): "open " + Self.hexadecimal(number)
    case .closed(let number): "closed " + Self.hexadecimal(number)
    case .absent: ""
    }
  }

  /// Always of the same length, so that a torn file can be recognised.
  private static func hexadecimal(_ number: UInt64) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: digits - text.utf8.count) + text
  }

  private static let digits = 16
}
