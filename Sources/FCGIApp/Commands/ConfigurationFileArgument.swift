import ArgumentParser
import Core

/// The configuration that a command works on.
struct ConfigurationFileArgument: ParsableArguments, Sendable {
  @Argument(
    help: "The configuration file. Without it, the one that REGISTRY_CONFIGURATION_PATH names.",
    completion: .file(extensions: ["yml", "yaml"]))
  var config: String?

  func validate() throws {
    if path == nil {
      throw ValidationError("Name a configuration file, or set REGISTRY_CONFIGURATION_PATH.")
    }
  }

  /// What the file and the environment say. Throws every problem, where one of them is an error.
  func load() throws -> Configuration.Loaded {
    let loaded = try Configuration.load(path: path ?? "", environment: Environment.all)
    try Composition.check(loaded)
    return loaded
  }

  private var path: String? { config ?? Environment.all["REGISTRY_CONFIGURATION_PATH"] }
}
