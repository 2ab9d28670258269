import Core
import Logging
import Synchronization

extension RedisConnection {
  /// Connects, authenticates and reads the server's INFO: one round trip after connecting.
  ///
  /// Throws `.refused` where the server rejects the login, or its INFO lacks what is needed.
  static func opened(
    to address: RedisAddress, _ settings: RedisSettings, _ gate: RedisGate
  ) throws(RedisError) -> RedisConnection {
    let connection = try RedisConnection(to: address, settings)
    gate.statistics.connects.add(1, ordering: .relaxed)
    var commands = settings.login.commands
    if settings.database != 0 { commands.append(RedisCommand(["SELECT", String(settings.database)], keyIndex: nil)) }
    var setName: Int?
    if !settings.clientName.isEmpty {
      setName = commands.count
      commands.append(RedisCommand(["CLIENT", "SETNAME", settings.clientName], keyIndex: nil))
    }
    commands.append(RedisCommand(["INFO"], keyIndex: nil))
    try connection.send(commands)
    for index in commands.indices.dropLast() {
      guard case .error(let text) = try connection.receive() else { continue }
      if index == setName {
        gate.log.note("setname", .warning, "Redis: \(address) refused redis.clientname: \(text)")
      } else {
        throw connection.refusal(text)
      }
    }
    try connection.takeInfo(connection.receive())
    return connection
  }

  /// Connects to a sentinel, which has neither databases nor data.
  static func openedSentinel(_ address: RedisAddress, _ settings: RedisSettings) throws(RedisError) -> RedisConnection {
    let connection = try RedisConnection(to: address, settings)
    try connection.send(settings.sentinelLogin.commands)
    for _ in settings.sentinelLogin.commands {
      if case .error(let text) = try connection.receive() { throw connection.refusal(text) }
    }
    return connection
  }

  /// The one answer to one command; an error is thrown.
  func ask(_ command: RedisCommand) throws(RedisError) -> RedisReply {
    try send(CollectionOfOne(command))
    let reply = try receive()
    if case .error(let text) = reply { throw refusal(text) }
    return reply
  }

  private func takeInfo(_ reply: RedisReply) throws(RedisError) {
    if case .error(let text) = reply { throw refusal(text) }
    guard let info = reply.text.flatMap({ RedisServerInfo($0) }) else {
      throw fail(.refused, "\(address) doesn't say who it is", cause: "its INFO has no run_id, role or master_replid")
    }
    self.info = info
    confirmedAt = .now
  }

  private func refusal(_ text: String) -> RedisError {
    // These errors pass, and are not about this client.
    let passes = ["ERR max number of clients", "LOADING", "MASTERDOWN", "CLUSTERDOWN"].contains { text.hasPrefix($0) }
    return fail(passes ? .unavailable : .refused, "\(address) refuses us", cause: text)
  }
}

extension RedisSettings.Login {
  fileprivate var commands: [RedisCommand] {
    guard !(userName.isEmpty && password.isEmpty) else { return [] }
    let arguments = userName.isEmpty ? [password.value] : [userName, password.value]
    return [RedisCommand(["AUTH"] + arguments, keyIndex: nil)]
  }
}
