import ArgumentParser
import Core

/// `berth garbage-collect`
struct GarbageCollectCommand: StorageCommand {
  static let configuration = CommandConfiguration(
    commandName: "garbage-collect",
    abstract: "Remove content that no manifest refers to.",
    discussion: """
      The service may be running, on any number of hosts, and people may push. What was pushed, or what a client was \
      told is there, stays for the grace: --older-than, or storage.maintenance.garbagecollection.grace. With \
      --older-than 0s, a push that began before may have to send a blob again that it was told is there; what was \
      accepted is safe all the same.

      What can't be read keeps all that it might refer to, and is reported at the end. Interrupted (Ctrl-C, SIGTERM), \
      it ends after the item at hand; run it again for the rest.

      Exit status: 0; 1 if it failed, 3 if something could not be read or removed (all else was done), 75 if another \
      collection is running, 78 if the configuration is wrong, 130 if it was interrupted.

      Examples:
        berth garbage-collect config.yml --dry-run --verbose
        berth garbage-collect config.yml --delete-untagged --older-than 168h
      """)

  @OptionGroup var arguments: ConfigurationFileArgument

  @Flag(help: "Change nothing at all; say what would be removed.")
  var dryRun = false

  @Flag(help: "Remove manifests, too, that no tag, index or subject leads to.")
  var deleteUntagged = false

  @Option(
    help: ArgumentHelp("Remove only what is older: 24h, 1h30m, 0s.", valueName: "duration"),
    transform: ArgumentValue.duration)
  var olderThan: Duration?

  @Flag(help: "Print a line for each thing that is removed.")
  var verbose = false

  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32 {
    var options = GarbageCollector.Options()
    options.isDryRun = dryRun
    options.deletesUntagged = deleteUntagged
    options.grace = olderThan ?? configuration.storage.garbageCollection.grace
    options.claimsHold = configuration.storage.claimsHold
    let collector = GarbageCollector(
      registry.driver, options, cache: try Composition.commandCaching(configuration)?.descriptors)
    let interruption = try Interruption()
    let line = ProgressLine()
    let verb = dryRun ? "would remove" : "removing"
    let observer = CollectionObserver(
      progressed: { progress in line.show { progress.text } },
      removing: { item in if verbose { line.print("\(verb) \(item)") } },
      isStopping: { interruption.isPending })
    let report: CollectionReport
    if dryRun {
      report = try await collector.run(observer)
    } else {
      let turn = try await MaintenanceTurn.perform(GarbageCollector.task, registry.driver) {
        () async throws(StorageError) in
        let report = try await collector.run(observer)
        return (report, isComplete: !report.isInterrupted)
      }
      guard case .done(let collected) = turn else {
        printErrors(["another collection is running on this storage"])
        return 75  // EX_TEMPFAIL
      }
      report = collected
    }
    line.clear()
    print(report.text, terminator: "")
    if report.isInterrupted { return 130 }
    return report.problemCount > 0 ? 3 : 0
  }
}
