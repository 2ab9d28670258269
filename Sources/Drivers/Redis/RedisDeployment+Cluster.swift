import Core
import Synchronization

extension RedisDeployment {
  /// A command on its way through the cluster.
  private struct Errand {
    let index: Int
    var node: Int
    /// Whether the slot is still being moved to that server.
    var isAsking = false
  }

  func runInCluster(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
    var replies = [RedisReply](repeating: .null, count: commands.count)
    var errands: [Errand] = commands.indices.map { index in
      Errand(index: index, node: owner(of: commands[index].slot))
    }
    for _ in 0...RedisDeployment.maxRedirects {
      errands = try runRound(errands, commands, &replies)
      if errands.isEmpty { return replies }
      gate.statistics.redirects.add(UInt64(errands.count), ordering: .relaxed)
    }
    throw RedisError(.superseded, "the cluster's servers send a command from one to the other")
  }

  private func owner(of slot: RedisSlot?) -> Int {
    guard let slot else { return 0 }
    return slots?.withLock { $0[slot] } ?? 0
  }

  /// Writes to all servers concerned, then reads from all.
  /// - Returns: the commands that were redirected to another server.
  private func runRound(
    _ errands: [Errand], _ commands: [RedisCommand], _ replies: inout [RedisReply]
  ) throws(RedisError) -> [Errand] {
    // In the servers' order, so that threads that wait for connections can't deadlock.
    let groups = Dictionary(grouping: errands, by: \.node).sorted { $0.key < $1.key }.map(\.value)
    var exchanges: [RedisExchange] = []
    defer { for exchange in exchanges { exchange.finish() } }
    for group in groups { exchanges.append(try RedisExchange(nodes[group[0].node], gate)) }

    var failure: RedisError?
    var sent: [Bool] = []
    for (exchange, group) in zip(exchanges, groups) {
      do throws(RedisError) {
        try exchange.send(
          group.flatMap { $0.isAsking ? [RedisCommand.asking, commands[$0.index]] : [commands[$0.index]] })
        sent.append(true)
      } catch {
        failure = failure ?? error
        sent.append(false)
      }
    }
    // The others' answers are read all the same, so that their connections can be used again.
    var redirected: [Errand] = []
    for (position, exchange) in exchanges.enumerated() where sent[position] {
      do throws(RedisError) {
        try receive(exchange, groups[position], &replies, &redirected)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return redirected.sorted { $0.index < $1.index }
  }

  private func receive(
    _ exchange: RedisExchange, _ group: [Errand], _ replies: inout [RedisReply], _ redirected: inout [Errand]
  ) throws(RedisError) {
    for errand in group {
      if errand.isAsking { _ = try exchange.receive() }
      let reply = try exchange.receive()
      switch RedisVerdict(reply, from: exchange.node.address) {
      case .answer:
        replies[errand.index] = reply
      case .moved(let slot, let target):
        let node = try known(target, exchange, reply)
        slots?.withLock { $0[slot] = node }
        redirected.append(Errand(index: errand.index, node: node))
      case .ask(let target):
        redirected.append(Errand(index: errand.index, node: try known(target, exchange, reply), isAsking: true))
      case .over(let code):
        throw exchange.fail(code, "it doesn't serve us any more", reply)
      }
    }
    try exchange.confirm()
  }

  private func known(_ target: RedisAddress, _ exchange: RedisExchange, _ reply: RedisReply) throws(RedisError) -> Int {
    guard let node = nodes.firstIndex(where: { $0.address == target }) else {
      throw exchange.fail(.superseded, "it names a server that is not known", reply)
    }
    return node
  }
}
