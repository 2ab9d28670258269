import ArgumentParser

/// The command by which the supervisor starts a worker.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Answer requests. For `berth serve` to start, which gives it what it needs.",
    shouldDisplay: false)

  func run() throws {
    try WorkerProcess.run()
  }
}

/// The command by which the supervisor starts the keeper.
struct KeeperCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keeper",
    abstract: "Do what must happen once for a service. For `berth serve` to start, which gives it what it needs.",
    shouldDisplay: false)

  func run() throws {
    try KeeperProcess.run()
  }
}

/// The command by which the supervisor tests another executable before that takes over.
struct TakeoverCheckCommand: ParsableCommand {
  static let name = "takeover-check"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Say whether this executable can take over a running service. `berth serve` runs this at a reload.",
    shouldDisplay: false)

  @Option(help: "Version of the state that the running executable hands over.")
  var takeoverFormat: Int

  @Option(help: "Version of the memory that the processes of the running executable share.")
  var segmentFormat: String

  @Argument(help: "The configuration to continue with, and the one that is in use.")
  var configurations: [String]

  func run() throws {
    guard takeoverFormat == Takeover.format, segmentFormat == SharedSegment.format else {
      printErrors(["its processes can't work beside those of the running version: restart the service to change"])
      throw ExitCode(1)
    }
    for path in configurations {
      do {
        _ = try ConfigurationFile.load(path: path, environment: Environment.all) { _ in }
      } catch {
        printErrors(["\(error)"])
        throw ExitCode(1)
      }
    }
  }
}
