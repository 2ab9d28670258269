import ArgumentParser
import Core

/// The positional arguments of a command: the configuration file, then what the command works on. The file may be left
/// out where `REGISTRY_CONFIGURATION_PATH` names it.
///
/// ArgumentParser fills arguments from the left, so that without the file each of the others is one place too early.
/// Commands therefore read `configurationPath` and `operand(_:)`, not the parsed properties.
protocol ConfiguredArguments: ParsableArguments, Sendable {
  /// Every positional argument, from left to right, as ArgumentParser filled them; the file is the first.
  var positionals: [String?] { get }
}

extension ConfiguredArguments {
  func validate() throws { _ = try split() }

  /// The configuration file.
  var configurationPath: String {
    get throws(ValidationError) { try split().path }
  }

  /// An argument after the configuration file; 0 is the first.
  func operand(_ index: Int) throws(ValidationError) -> String { try split().operands[index] }

  /// The configuration that the file and the environment give.
  /// - Throws: `ConfigurationError` with every problem, where one of them is an error.
  func load() throws -> Configuration.Loaded {
    let loaded = try Configuration.load(path: try configurationPath, environment: Environment.all)
    try Composition.check(loaded)
    return loaded
  }

  private func split() throws(ValidationError) -> (path: String, operands: [String]) {
    let given = positionals.compactMap { $0 }
    if given.count == positionals.count { return (given[0], Array(given.dropFirst())) }
    let named = Environment.all[Configuration.pathVariable] ?? ""
    guard given.count == positionals.count - 1 else {
      throw ValidationError("\(positionals.count - given.count) arguments are missing: see the usage.")
    }
    guard !named.isEmpty else {
      // If there are several arguments, any of them may be the missing one.
      throw ValidationError(
        positionals.count == 1
          ? "Name a configuration file, or set \(Configuration.pathVariable)."
          : """
          One argument is missing. The configuration file may be left out only where \(Configuration.pathVariable) \
          names it: see the usage.
          """)
    }
    return (named, given)
  }
}

/// `[<config>]`
struct ConfigurationFileArgument: ConfiguredArguments {
  static let help = ArgumentHelp("The configuration file. Without it, the one that REGISTRY_CONFIGURATION_PATH names.")
  static var completion: CompletionKind { .file(extensions: ["yml", "yaml"]) }

  @Argument(help: help, completion: completion)
  var config: String?

  var positionals: [String?] { [config] }
}

/// `[<config>] <repository>`
struct RepositoryArgument: ConfiguredArguments {
  @Argument(help: ConfigurationFileArgument.help, completion: ConfigurationFileArgument.completion)
  var config: String?

  @Argument(help: "The repository's name.")
  var repository: String?

  var positionals: [String?] { [config, repository] }

  var name: RepositoryName {
    get throws { try ArgumentValue.repositoryName(try operand(0)) }
  }

  func validate() throws { _ = try name }
}

/// `[<config>] <repository> <tag>`
struct TagArgument: ConfiguredArguments {
  @Argument(help: ConfigurationFileArgument.help, completion: ConfigurationFileArgument.completion)
  var config: String?

  @Argument(help: "The repository's name.")
  var repository: String?

  @Argument(help: "The tag.")
  var tag: String?

  var positionals: [String?] { [config, repository, tag] }

  var parsed: (name: RepositoryName, tag: Tag) {
    get throws { (try ArgumentValue.repositoryName(try operand(0)), try ArgumentValue.tag(try operand(1))) }
  }

  func validate() throws { _ = try parsed }
}
