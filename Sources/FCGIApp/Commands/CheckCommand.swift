import ArgumentParser
import Core

/// `berth check`
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say what is wrong with a configuration, or what it amounts to.",
    discussion: """
      Prints every error and warning with its line. Where there is no error, it prints every key that has an \
      effect, defaults filled in and secrets masked.

      Exit status: 0 if the service can start with it, 1 if not.

      Examples:
        berth check /etc/docker/registry/config.yml
        REGISTRY_HTTP_ADDR=:5001 berth check config.yml
      """)

  @OptionGroup var file: ConfigurationFileArgument

  func run() throws {
    do {
      let loaded = try file.load(serving: true)
      printErrors(loaded.warnings)
      print(loaded.configuration.yaml, terminator: "")
    } catch let error as ConfigurationError {
      printErrors(error.problems)
      throw ExitCode(1)
    }
  }
}
