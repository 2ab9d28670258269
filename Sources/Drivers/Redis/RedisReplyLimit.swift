import CHiredis

/// Refuses arrays of absurd length, for which hiredis would ask for memory before a single element has come.
///
/// `@unchecked Sendable`: a table of functions that is written once, before it can be seen.
final class RedisReplyLimit: @unchecked Sendable {
  /// Elements of an array.
  static let elements = 1 << 20
  /// Bytes of a reply.
  static let bytes = 16 << 20

  private static let shared = RedisReplyLimit()
  private let table: UnsafeMutablePointer<redisReplyObjectFunctions>
  private let original: redisReplyObjectFunctions

  private init() {
    var original = redisReplyObjectFunctions()
    if let reader = redisReaderCreate() {
      if let functions = reader.pointee.fn { original = functions.pointee }
      redisReaderFree(reader)
    }
    self.original = original
    // For as long as the process lives, as readers point to it.
    table = .allocate(capacity: 1)
    var limited = original
    limited.createArray = { task, count in
      guard count <= RedisReplyLimit.elements else { return nil }
      return RedisReplyLimit.shared.original.createArray?(task, count)
    }
    table.initialize(to: limited)
  }

  /// Makes a reader observe the limit.
  static func apply(to reader: UnsafeMutablePointer<redisReader>) {
    guard shared.original.createArray != nil else { return }
    reader.pointee.fn = shared.table
  }
}
