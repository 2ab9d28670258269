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

      What is missing on this machine, such as the socket's group, is a warning: it may be there where the service \
      starts.

      Exit status: 0 if the configuration is right, 1 if not.

      Examples:
        berth check /etc/docker/registry/config.yml
        REGISTRY_HTTP_ADDR=:5001 berth check config.yml
      """)

  @OptionGroup var file: ConfigurationFileArgument

  func run() throws {
    do {
      let loaded = try file.load()
      printErrors(loaded.warnings + Composition.missing(loaded, as: .warning))
      print(loaded.configuration.yaml, terminator: "")
    } catch let error as ConfigurationError {
      printErrors(error.problems)
      throw ExitCode(1)
    }
  }
}
