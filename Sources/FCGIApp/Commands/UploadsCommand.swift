import ArgumentParser
import Core

/// `berth uploads`
struct UploadsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uploads", abstract: "List unfinished uploads, and remove those that are given up.",
    discussion: """
      Examples:
        berth uploads list config.yml
        berth uploads purge config.yml --older-than 1h --dry-run
      """,
    subcommands: [UploadsListCommand.self, UploadsPurgeCommand.self])
}

/// `berth uploads list`
struct UploadsListCommand: StorageCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Print the uploads that aren't finished, and what they hold.",
    discussion: """
      Each line has a repository, an upload's id, when it was begun, when its last byte arrived ("-" where none has, or \
      nothing tells), and what it has received. A line with the sum comes last, on standard error. Uploads that clients \
      are sending this moment are among them.

      Exit status: 0; 1 if there is no such repository or the storage fails, 3 if something could not be read, 78 if the \
      configuration is wrong.

      Examples:
        berth uploads list config.yml
        berth uploads list config.yml --repository team/app
        berth uploads list config.yml --json | jq -r 'select(.size > 1e9).repository'
      """)

  @OptionGroup var arguments: ConfigurationFileArgument

  @Option(help: "Only the uploads of this repository.", transform: ArgumentValue.repositoryName)
  var repository: RepositoryName?

  @Flag(help: "Print an object a line: repository, id, started and written (if known), and size in bytes.")
  var json = false

  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32 {
    var count = 0
    var bytes: ByteTotal = 0
    var failures = 0
    try await registry.forEachUpload(in: repository) { upload in
      count += 1
      bytes += upload.size
      print(json ? String(decoding: upload.json, as: UTF8.self) : upload.text)
    } failed: { path, error in
      failures += 1
      printErrors(["\(path): \(error)"])
    }
    printErrors(["\(count) upload\(count == 1 ? "" : "s"), \(bytes)"])
    return failures > 0 ? 3 : 0
  }
}

/// `berth uploads purge`
struct UploadsPurgeCommand: StorageCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge", abstract: "Remove uploads that were begun and never finished.",
    discussion: """
      Removes uploads that were begun, and received their last byte, longer ago than --older-than, or else than \
      storage.maintenance.uploadpurging.age. The service may be running, and people may push: an upload that is being \
      written to is left. With --older-than 0s, clients that are between two requests of a push have to start again.

      It works on a disk that is full, and takes effect at once: what an upload holds is not in any repository yet.

      Exit status: 0; 1 if there is no such repository or the storage fails, 3 if something could not be read or removed \
      (all else was done), 78 if the configuration is wrong, 130 if it was interrupted.

      Examples:
        berth uploads purge config.yml --dry-run
        berth uploads purge config.yml --older-than 1h
        berth uploads purge config.yml --repository team/app --older-than 0s
      """)

  @OptionGroup var arguments: ConfigurationFileArgument

  @Option(help: "Only the uploads of this repository.", transform: ArgumentValue.repositoryName)
  var repository: RepositoryName?

  @Option(
    help: ArgumentHelp("Remove only what is older: 168h, 1h30m, 0s.", valueName: "duration"),
    transform: ArgumentValue.duration)
  var olderThan: Duration?

  @Flag(help: "Remove nothing; say what would be.")
  var dryRun = false

  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32 {
    let line = ProgressLine()
    let purge = UploadPurge(
      driver: registry.driver, repository: repository, age: olderThan ?? configuration.storage.uploadPurging.age,
      dryRun: dryRun)
    let outcome = try await purge.run(line, until: try Interruption(), saying: verb)
    line.clear()
    guard let outcome else { return 130 }
    if !dryRun { _ = try? await registry.driver.sweepLeftovers(olderThan: .seconds(3600)) }
    print("\(verb) \(outcome.purged) of \(outcome.seen) uploads, \(outcome.bytes)")
    return outcome.failed > 0 ? 3 : 0
  }

  private var verb: String { dryRun ? "would remove" : "removed" }
}

extension UploadPurge {
  /// Runs the purge and prints what it does.
  /// - Returns: nil where it was interrupted.
  fileprivate func run(
    _ line: ProgressLine, until interruption: Interruption, saying verb: String
  ) async throws(StorageError) -> Outcome? {
    do {
      return try await run { event throws(StorageError) in
        switch event {
        case .progress(let outcome):
          line.show { "\(outcome.seen) uploads looked at, \(verb) \(outcome.purged)" }
          if interruption.isPending { throw StorageError(.cancelled, "purge uploads") }
        case .purged(let upload): line.print("\(verb) \(upload.text)")
        case .left(let path, let error):
          line.clear()
          printErrors(["\(path) is left: \(error)"])
        }
      }
    } catch  where error.code == .cancelled {
      return nil
    }
  }
}
