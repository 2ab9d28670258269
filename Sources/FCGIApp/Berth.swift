import ArgumentParser

/// The executable.
@main
struct Berth: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "berth", abstract: "A container image registry behind the web server that you have.",
    version: BuildInformation.text,
    subcommands: [
      Serve.self, CheckCommand.self, NginxCommand.self, GarbageCollectCommand.self, RepositoryCommand.self,
      TagCommand.self, UploadsCommand.self, VerifyCommand.self, WorkerCommand.self, KeeperCommand.self,
      TakeoverCheckCommand.self,
    ])
}
