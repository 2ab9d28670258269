import Core
import Synchronization

/// One pipeline with one server: a connection from beginning to end.
///
/// Used by one thread and never beyond one call of it.
final class RedisExchange {
  let node: RedisNode
  private let connection: RedisConnection
  private let gate: RedisGate
  private let needsConfirmation: Bool
  private let start = ContinuousClock.now
  private var isFinished = false

  /// Takes a connection; throws where none is available.
  init(_ node: RedisNode, _ gate: RedisGate) throws(RedisError) {
    self.node = node
    self.gate = gate
    connection = try node.take()
    needsConfirmation = start - connection.confirmedAt > RedisDeployment.confirmationPause
  }

  func send(_ commands: some Sequence<RedisCommand>) throws(RedisError) {
    // Sent last, so that it confirms all answers before it.
    let confirmation = needsConfirmation ? [RedisExchange.confirmation] : []
    try connection.send(Array(commands) + confirmation)
  }

  func receive() throws(RedisError) -> RedisReply {
    try connection.receive()
  }

  /// Call it after the last answer. Throws `.superseded` where the server's identity has changed.
  func confirm() throws(RedisError) {
    if needsConfirmation {
      let reply = try connection.receive()
      guard let text = reply.text, node.info.isConfirmed(by: text) else {
        throw fail(.superseded, "it is not the same master any more", reply)
      }
      connection.confirmedAt = start
    }
    gate.statistics.roundTrips.add(1, ordering: .relaxed)
    let nanoseconds = UInt64(clamping: (ContinuousClock.now - start).nanoseconds)
    gate.statistics.roundTripNanoseconds.add(nanoseconds, ordering: .relaxed)
  }

  /// Has the connection closed.
  func fail(_ code: RedisError.Code, _ message: String, _ reply: RedisReply) -> RedisError {
    let cause: String? = if case .error(let text) = reply { text } else { nil }
    return connection.fail(code, "\(node.address): \(message)", cause: cause)
  }

  /// Gives the connection back; closes it if answers are still to come.
  func finish() {
    guard !isFinished else { return }
    isFinished = true
    node.give(connection)
  }

  private static let confirmation = RedisCommand(["INFO", "replication"], keyIndex: nil)
}
