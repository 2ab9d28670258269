import Synchronization

/// One unchanging set of master servers, for as long as none of them loses what it has acknowledged.
///
/// Once one of them was restarted, replaced, or is lost, the deployment is over for good: nothing ever reaches a server
/// through it that is not known to have the same data.
public final class RedisDeployment: Sendable {
  /// Differs whenever acknowledged writes may have been lost. 16 hexadecimal digits.
  ///
  /// It may differ without need, too: a server that gets its first replica, or has had none for an hour, begins a new
  /// history. FLUSHALL and the like change nothing of it.
  ///
  /// Two processes of one moment may disagree for as long as one of them has not noticed a change, or, in a cluster,
  /// that a server has got its first slot or lost its last: to be compared with one's own earlier ones.
  public let identity: String
  let nodes: [RedisNode]
  /// nil where it isn't a cluster.
  let slots: Monitor<RedisSlotMap>?
  let gate: RedisGate
  private let over = Atomic(false)

  /// How often a command follows a cluster's redirections.
  static let maxRedirects = 5
  /// After how long a server has to confirm, with the answers that it gives, that it is still what it was. A server
  /// that was made a replica and a master again says nothing of it by itself.
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

  /// Whether the client has to be asked for another one.
  public var isOver: Bool { over.load(ordering: .acquiring) }

  /// Sends all commands at once and waits for all answers: one round trip for each server concerned, all of them at the
  /// same time. Blocks the thread: the read timeout is for each answer, and each redirection in a cluster is a round
  /// trip of its own.
  ///
  /// Commands for one server are carried out in their order, and others' may come in between. Where this throws, each of
  /// them may have been carried out, or not, or, after `.timeout`, may be later on.
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
