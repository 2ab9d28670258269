/// What a server answered to one command.
public enum RedisReply: Sendable, Equatable {
  /// Nothing is there.
  case null
  /// A number.
  case integer(Int64)
  /// Bytes.
  case string([UInt8])
  /// A short word, `OK` mostly.
  case status(String)
  /// Several, each of any kind.
  case array([RedisReply])
  /// The server refused this command; the text begins with a word in capitals (`OOM`, `WRONGTYPE`).
  case error(String)

  /// The bytes of a string; nil for everything else.
  public var bytes: [UInt8]? {
    if case .string(let bytes) = self { bytes } else { nil }
  }

  /// A string or a status as text; nil for everything else.
  public var text: String? {
    switch self {
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .status(let text): text
    case .null, .integer, .array, .error: nil
    }
  }
}
