import ArgumentParser
import Core

/// `berth repository untagged`
struct RepositoryUntaggedCommand: StorageCommand {
  static let configuration = CommandConfiguration(
    commandName: "untagged", abstract: "List the untagged manifests of a repository, or delete them.",
    usage: "berth repository untagged [<config>] <repository> [--delete] [--older-than <duration>]",
    discussion: """
      These are the manifests that garbage collection removes with --delete-untagged: those that no tag leads to, be it \
      by way of an index or, for signatures and the like, by way of their subject. Each line has a digest, a media type, \
      a size in bytes, the time since the manifest was last pushed or asked for, and its subject if it has one.

      The service may be running, and people may push. Content stays until garbage is collected.

      Exit status: 0; 1 if there is no such repository or the storage fails, 3 if something could not be read or \
      removed (what it might lead to is kept), 75 if garbage is being collected, 78 if the configuration is wrong.

      Examples:
        berth repository untagged config.yml team/app
        berth repository untagged config.yml team/app --delete --older-than 168h
      """)

  @OptionGroup var arguments: RepositoryArgument

  @Flag(help: "Delete them.")
  var delete = false

  @Option(
    help: ArgumentHelp(
      "Only those that are older: 168h, 1h30m, 0s. (default: 0s, and with --delete the grace of garbage collection)",
      valueName: "duration"),
    transform: ArgumentValue.duration)
  var olderThan: Duration?

  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32 {
    let name = try arguments.name
    let repository = registry.repository(name)
    guard try await repository.exists() else {
      printErrors(["there is no repository \(name)"])
      return 1
    }
    var options = GarbageCollector.Options()
    options.isDryRun = !delete
    options.deletesUntagged = true
    options.grace = olderThan ?? (delete ? configuration.storage.garbageCollection.grace : .zero)
    var found: [Digest] = []
    let observer = CollectionObserver(removing: { item in if let digest = item.manifest { found.append(digest) } })
    let collector = GarbageCollector(registry.driver, options)
    let report: CollectionReport
    if delete {
      let turn = try await MaintenanceTurn.perform(GarbageCollector.task, registry.driver) {
        () async throws(StorageError) in
        // Not complete, so that the schedule does not count it as a collection.
        (try await collector.removeUntagged(from: name, observer), isComplete: false)
      }
      guard case .done(let removed) = turn else {
        printErrors(["garbage is being collected on this storage: try again later"])
        return 75  // EX_TEMPFAIL
      }
      report = removed
      _ = try? await registry.driver.sweepLeftovers(olderThan: .seconds(3600))
    } else {
      report = try await collector.removeUntagged(from: name, observer)
    }
    for manifest in try await repository.untaggedManifests(found) { print(Self.line(manifest)) }
    printErrors(report.problems)
    return report.problemCount > 0 ? 3 : 0
  }

  private static func line(_ manifest: UntaggedManifest) -> String {
    let age = manifest.modified.map { Duration.seconds(max(0, WallClock.now - $0) / 1_000_000_000).goText }
    let subject = manifest.subject.map { "  subject \($0)" } ?? ""
    return "\(manifest.digest)  \(manifest.mediaType?.rawValue ?? "unknown")  \(manifest.size)  \(age ?? "unknown")"
      + subject
  }
}
