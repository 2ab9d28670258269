import Foundation
import Synchronization

/// A real Redis server on a port of its own of 127.0.0.1, in a folder of its own. Ends with its owner.
package final class RedisServer: Sendable {
  package let port: UInt16
  package let folder: TemporaryFolder
  private let options: Options
  private let process = Mutex<ChildProcess?>(nil)

  package struct Options: Sendable {
    /// Of the default user.
    package var password: String?
    /// A further user: name and rules, as in Redis' configuration.
    package var user: String?
    /// Further options of `redis-server`, `--name value`.
    package var arguments: [String]
    /// Whether data is written to the disk when it stops.
    package var keepsData: Bool

    package init(password: String? = nil, user: String? = nil, arguments: [String] = [], keepsData: Bool = false) {
      self.password = password
      self.user = user
      self.arguments = arguments
      self.keepsData = keepsData
    }
  }

  /// Starts it and waits until it answers.
  package init(_ options: Options = Options()) throws {
    self.options = options
    port = try FreePort.next()
    folder = try TemporaryFolder()
    try start()
  }

  /// Starts one that follows another, and waits until it does.
  package static func replica(of master: RedisServer) throws -> RedisServer {
    let replica = try RedisServer(Options(arguments: ["--replicaof", "127.0.0.1", "\(master.port)"]))
    try Eventually.holds("the replica follows its master") {
      try replica.cli("INFO", "replication").contains("master_link_status:up")
    }
    return replica
  }

  deinit {
    kill()
  }

  /// `127.0.0.1:port`
  package var address: String { "127.0.0.1:\(port)" }

  /// Its Unix socket.
  package var socket: String { folder / "redis.sock" }

  /// nil while it doesn't run.
  package var processID: Int32? { process.withLock { $0?.processID } }

  /// Starts it again on the same port.
  package func start() throws {
    try ServerTests.require("Redis")
    var command = [
      "/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", "\(port)", "--dir", folder.path, "--appendonly", "no",
      "--unixsocket", socket, "--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes",
    ]
    command += options.keepsData ? ["--save", "3600 1"] : ["--save", ""]
    if let password = options.password { command += ["--requirepass", password] }
    if let user = options.user { command += ["--user"] + user.split(separator: " ").map(String.init) }
    let started = try ChildProcess(command + options.arguments, log: folder / "redis.log")
    process.withLock { $0 = started }
    try Eventually.holds("Redis at \(address) answers") {
      guard started.isRunning else {
        let log = (try? String(contentsOfFile: folder / "redis.log", encoding: .utf8)) ?? ""
        throw WireClient.Failure(description: "Redis ended: \(log)")
      }
      return (try? cli("PING"))?.isEmpty == false
    }
  }

  /// Ends it, as an operator does.
  package func stop() {
    resume()
    end(SIGTERM)
  }

  /// Ends it at once.
  package func kill() {
    end(SIGKILL)
  }

  /// Ends it at once and starts it again.
  package func restart() throws {
    kill()
    try start()
  }

  /// Has it hang: its connections stay, and nothing is answered.
  package func pause() {
    if let processID { Foundation.kill(processID, SIGSTOP) }
  }

  /// Has it go on.
  package func resume() {
    if let processID { Foundation.kill(processID, SIGCONT) }
  }

  /// What `redis-cli` prints, without the line's end. Errors of the server are text.
  @discardableResult
  package func cli(_ arguments: String...) throws -> String {
    try cli(arguments)
  }

  @discardableResult
  package func cli(_ arguments: [String]) throws -> String {
    let environment = options.password.map { ["REDISCLI_AUTH": $0] } ?? [:]
    return try ChildProcess.output(["/usr/bin/redis-cli", "-p", "\(port)"] + arguments, environment: environment)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func end(_ signal: Int32) {
    let process = process.withLock { process in
      defer { process = nil }
      return process
    }
    process?.stop(signal: signal)
  }
}
