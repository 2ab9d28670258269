import ArgumentParser
import Core
import Glibc

/// `berth verify`
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read everything that is stored, say what is wrong with it, and repair that.",
    discussion: """
      Checks the digest of every content, every link, tag and signature, everything that manifests refer to, the \
      lists of referrers, and what uploads and processes that died have left. The service may run meanwhile.

      Without --repair nothing is changed. With it, links are rewritten to the digest that their path names, links \
      that docker/distribution 2.1.0 misplaced are moved, lists of referrers are rebuilt, remains that no request can \
      use are removed, and content that does not match its digest is moved to docker/registry/v2/_quarantine, so that \
      it counts as absent and the next push stores it again. No repair removes a manifest, or a tag whose link \
      names one.

      The next run continues an interrupted one (not with --repository). Findings go to standard output, one a line; \
      progress goes to standard error.

      Exit status: 0 if all is well; 4 if all that was found has been repaired; 3 if something is left; 1 if the \
      storage can't be verified or has no such repository, 75 if another verification is running, 78 if the \
      configuration is wrong, 130 if it was stopped.

      Examples:
        berth verify /etc/docker/registry/config.yml
        berth verify --repair --rate 50000000 config.yml
        berth verify --format json config.yml | jq -r 'select(.kind == "content-corrupt").path'
      """)

  /// How findings are printed.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  @Flag(help: "Put right what can be.")
  var repair = false

  @Option(help: "Verify this repository alone, with all content that it links to.")
  var repository: String?

  @Option(help: "How to print findings: text, or json (an object a line, and one with the summary at the end).")
  var format = Format.text

  @Option(help: "Bytes of content to read in a second at the most.")
  var rate: Int64?

  @Flag(help: "Start from the beginning, even if an earlier run was interrupted.")
  var restart = false

  @OptionGroup var file: ConfigurationFileArgument

  func validate() throws {
    if let rate, rate < 1 { throw ValidationError("--rate must be at least 1.") }
    if let repository, RepositoryName(repository) == nil {
      throw ValidationError("\(repository) is not the name of a repository.")
    }
  }

  func run() throws {
    let signals = try SignalDescriptor([SIGINT, SIGTERM])
    let (driver, configuration) = try file.openStorage()
    let options = options(configuration)
    let report = VerificationReport(format: format)
    let work = KeeperRun { await report.run(Verifier(driver: driver, options: options)) }
    while !work.isOver {
      if SignalDescriptor.poll([signals.raw], timeout: .milliseconds(50)).contains(true), signals.next() != nil {
        work.cancel()
      }
    }
    let status = report.exitStatus
    if status != 0 { throw ExitCode(status) }
  }

  private func options(_ configuration: Configuration) -> Verifier.Options {
    var options = Verifier.Options()
    options.repair = repair
    options.repository = repository.flatMap { RepositoryName($0) }
    options.rate = rate
    options.restart = restart
    options.uploadAge = configuration.storage.uploadPurging.age
    options.validation = configuration.validation
    return options
  }
}
