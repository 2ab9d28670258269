import CHiredis

extension RedisReply {
  /// Copies what hiredis parsed; nil where it is nested too deeply or of an unexpected kind.
  init?(_ reply: UnsafePointer<redisReply>, depth: Int = 0) {
    let value = reply.pointee
    switch value.type {
    case REDIS_REPLY_NIL:
      self = .null
    case REDIS_REPLY_INTEGER:
      self = .integer(value.integer)
    case REDIS_REPLY_STRING:
      self = .string(RedisReply.bytes(value))
    case REDIS_REPLY_STATUS:
      self = .status(String(decoding: RedisReply.bytes(value), as: UTF8.self))
    case REDIS_REPLY_ERROR:
      self = .error(String(decoding: RedisReply.bytes(value), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      guard depth < 8 else { return nil }
      var elements = [RedisReply]()
      elements.reserveCapacity(value.elements)
      for element in UnsafeBufferPointer(start: value.element, count: value.elements) {
        guard let element, let copy = RedisReply(element, depth: depth + 1) else { return nil }
        elements.append(copy)
      }
      self = .array(elements)
    default:
      return nil
    }
  }

  private static func bytes(_ reply: redisReply) -> [UInt8] {
    guard let start = reply.str else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: reply.len))
  }
}
