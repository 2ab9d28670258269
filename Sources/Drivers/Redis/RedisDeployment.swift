import Core
import Synchronization

/// One unchanging set of master servers, for as long as none of them loses what it has acknowledged.
///
/// When one of them was restarted, replaced or lost, the deployment is over for good: commands are sent only to servers
/// that are known to have the same data.
public final class RedisDeployment: Sendable {
  /// Differs whenever acknowledged writes may have been lost. 16 hexadecimal digits.
  ///
  /// It may also change although nothing was lost: a server that gets its first replica, or has had none for an hour,
  /// changes its replication id. FLUSHALL and the like do not change it.
  ///
  /// Two processes may disagree until both have noticed a change or, in a cluster, that a server has got its first slot
  /// or lost its last. So compare it only with earlier values of the same process.
  public let identity: String
  let nodes: [RedisNode]
  /// nil where it isn't a cluster.
  let slots: Monitor<RedisSlotMap>?
  let gate: RedisGate
  private let over = Atomic(false)

  /// How often a command follows a cluster's redirections.
  static let maxRedirects = 5
  /// How often a server has to confirm, together with its answers, that its identity is unchanged. A server that was
  /// made a replica and a master again does not report that by itself.
  static let confirmationPause = Duration.seconds(1)

  init(identity: String, nodes: [RedisNode], slots: RedisSlotMap?, gate: RedisGate) {
    self.identity = identity
    self.nodes = nodes
    self.slots = slots.map { Monitor($0) }
    self.gate = gate
  }

  deinit {
    end()
  }

  /// Whether it can't be used any more: get another one from the client.
  public var isOver: Bool { over.load(ordering: .acquiring) }

  /// Sends all commands at once and waits for all answers: one round trip for each server concerned, all of them at the
  /// same time. Blocks the thread: the read timeout is for each answer, and each redirection in a cluster is a round
  /// trip of its own.
  ///
  /// Commands for one server are carried out in their order, and others' may come in between. Where this throws, each
  /// of them may have been carried out, or not, or, after `.timeout`, may be later on.
  /// - Returns: the answers, in the commands' order. What a server refuses is an ``RedisReply/error(_:)`` in its place,
  ///   unless it means that the server doesn't serve this deployment any more.
  public func run(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
    guard !commands.isEmpty else { return [] }
    try gate.pass()
    guard !isOver else { throw RedisError(.superseded, "Redis' servers have changed") }
    do {
      let replies = try slots == nil ? runAtOne(commands) : runInCluster(commands)
      gate.noteSuccess()
      return replies
    } catch {
      gate.note(error)
      if error.endsDeployment { end() }
      throw error
    }
  }

  /// Closes all connections, those in use when they come back.
  func end() {
    guard !over.exchange(true, ordering: .acquiringAndReleasing) else { return }
    for node in nodes { node.close() }
  }

  private func runAtOne(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
    let exchange = try RedisExchange(nodes[0], gate)
    defer { exchange.finish() }
    try exchange.send(commands)
    var replies: [RedisReply] = []
    replies.reserveCapacity(commands.count)
    for _ in commands {
      let reply = try exchange.receive()
      switch RedisVerdict(reply, from: nodes[0].address) {
      case .answer: replies.append(reply)
      case .moved, .ask: throw exchange.fail(.superseded, "it became part of a cluster", reply)
      case .over(let code): throw exchange.fail(code, "it doesn't serve us any more", reply)
      }
    }
    try exchange.confirm()
    return replies
  }
}
