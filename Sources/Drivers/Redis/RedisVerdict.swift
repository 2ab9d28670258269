/// What a server's answer to one command means for the deployment.
enum RedisVerdict: Equatable {
  /// An answer for the caller, also where it is an error.
  case answer
  /// MOVED: the slot is another server's now.
  case moved(RedisSlot, to: RedisAddress)
  /// ASK: this key is at the server that the slot is moving to.
  case ask(RedisAddress)
  /// This server does not belong to the deployment any more.
  case over(RedisError.Code)

  /// Of an answer from `server`.
  init(_ reply: RedisReply, from server: RedisAddress) {
    guard case .error(let text) = reply else {
      self = .answer
      return
    }
    let words = text.split(separator: " ")
    switch words.first {
    case "MOVED", "ASK":
      guard words.count >= 3, let slot = Int(words[1]).flatMap({ RedisSlot(number: $0) }),
        let target = RedisAddress(announced: words[2], by: server)
      else {
        self = .over(.protocolError)
        return
      }
      self = words.first == "MOVED" ? .moved(slot, to: target) : .ask(target)
    case "READONLY", "MASTERDOWN":
      self = .over(.superseded)
    case "LOADING", "CLUSTERDOWN":
      self = .over(.unavailable)
    case "NOREPLICAS":
      self = .over(.refused)
    default:
      // A script's error, as Redis before 7 words it.
      self = text.contains(" -READONLY ") ? .over(.superseded) : .answer
    }
  }
}
