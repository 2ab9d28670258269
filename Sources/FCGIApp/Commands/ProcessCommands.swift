import ArgumentParser

/// What the supervisor starts to answer requests.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "worker", shouldDisplay: false)

  func run() throws {
    try WorkerProcess.run()
  }
}

/// What the supervisor starts for what must happen once.
struct KeeperCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "keeper", shouldDisplay: false)

  func run() throws {
    try KeeperProcess.run()
  }
}
