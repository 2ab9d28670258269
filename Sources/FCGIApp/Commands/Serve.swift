import ArgumentParser
import Core
import Glibc
import Logging

/// `berth serve`
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a registry behind a web server that speaks FastCGI.",
    discussion: """
      SIGHUP reads the configuration again without dropping a request, and goes on with the file that has the \
      executable's path now, where that is another one; SIGTERM ends the service once requests in flight are answered.

      Exit status: 0 once it has ended, 78 if the configuration is wrong or the socket or the storage can't be used.

      Examples:
        berth serve /etc/docker/registry/config.yml
        REGISTRY_STORAGE_DELETE_ENABLED=true berth serve config.yml
      """)

  @OptionGroup var file: ConfigurationFileArgument

  func run() throws {
    let takeover = Takeover.inherited()
    let path = try file.configurationPath
    let environment = Environment.all
    LogFile.appendAlways()
    let supervisor: Supervisor
    if let takeover {
      supervisor = try Supervisor(takeover, path: path, environment: environment)
    } else {
      supervisor = try Self.start(path, environment)
    }
    supervisor.run()
  }

  private static func start(_ path: String, _ environment: [String: String]) throws -> Supervisor {
    var warnings: [ConfigurationProblem] = []
    let file: ConfigurationFile
    do {
      file = try ConfigurationFile.load(path: path, environment: environment) { warnings.append($0) }
    } catch {
      // There is no configuration, and so no log format.
      printErrors(["\(error)"])
      throw ExitCode(78)  // EX_CONFIG
    }
    let logger = RegistryLogHandler.logger(file.configuration.log, process: "supervisor")
    for warning in warnings { logger.warning("\(warning)") }
    do {
      return try Supervisor(file, path: path, environment: environment, logger: logger)
    } catch {
      logger.critical("\(error)")
      throw ExitCode(78)
    }
  }
}
