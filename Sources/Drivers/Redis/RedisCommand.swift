/// One command, as it goes over the wire. Arguments are bytes, whatever they are.
public struct RedisCommand: Sendable {
  /// In Redis' protocol (RESP), ready to be sent.
  let encoded: [UInt8]
  /// Where in `encoded` the key is; nil: the command has none, and any server will do.
  private let keyRange: Range<Int>?

  /// - Parameters:
  ///   - arguments: the command's name and what follows.
  ///   - keyIndex: which of the arguments is the key that decides which server of a cluster has it; nil, or none of
  ///     them: there is no key. All keys of one command must have the same slot.
  public init(_ arguments: [[UInt8]], keyIndex: Int? = 1) {
    var encoded = [UInt8]()
    encoded.reserveCapacity(arguments.reduce(16) { $0 + $1.count + 16 })
    var keyRange: Range<Int>?
    encoded.append(contentsOf: "*\(arguments.count)\r\n".utf8)
    for (index, argument) in arguments.enumerated() {
      encoded.append(contentsOf: "$\(argument.count)\r\n".utf8)
      if index == keyIndex { keyRange = encoded.count..<encoded.count + argument.count }
      encoded.append(contentsOf: argument)
      encoded.append(13)
      encoded.append(10)
    }
    self.encoded = encoded
    self.keyRange = keyRange
  }

  /// As ``init(_:keyIndex:)`` of bytes, of text.
  public init(_ arguments: [String], keyIndex: Int? = 1) {
    self.init(arguments.map { Array($0.utf8) }, keyIndex: keyIndex)
  }

  /// The cluster's slot; nil: any.
  var slot: RedisSlot? { keyRange.map { RedisSlot(of: encoded[$0]) } }

  /// Makes a cluster's server accept the next command although the slot is still being moved to it.
  static let asking = RedisCommand(["ASKING"], keyIndex: nil)
}
