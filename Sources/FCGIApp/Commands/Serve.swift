import ArgumentParser
import Core
import Glibc

/// `berth serve`
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a registry behind a web server that speaks FastCGI.",
    discussion: """
      SIGHUP reads the configuration again without dropping a request; SIGTERM ends the service once requests in \
      flight are answered.

      Exit status: 0 once it has ended, 78 if the configuration is wrong or the socket or the storage can't be used.

      Examples:
        berth serve /etc/docker/registry/config.yml
        REGISTRY_STORAGE_DELETE_ENABLED=true berth serve config.yml
      """)

  @Argument(
    help: "The configuration file. Without it, the one that REGISTRY_CONFIGURATION_PATH names.")
  var file: String?

  func run() throws {
    let environment = Environment.all
    guard let path = file ?? environment["REGISTRY_CONFIGURATION_PATH"] else {
      throw ValidationError("name a configuration file, or set REGISTRY_CONFIGURATION_PATH")
    }
    let supervisor: Supervisor
    do {
      supervisor = try Supervisor(path: path, environment: environment)
    } catch {
      Descriptor.write(Array("\(error)\n".utf8), to: STDERR_FILENO)
      throw ExitCode(78)  // EX_CONFIG
    }
    supervisor.run()
  }
}
