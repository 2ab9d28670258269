import ArgumentParser
import Core

/// `berth repository`
struct RepositoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repository", abstract: "List and delete repositories, and untagged manifests.",
    discussion: """
      Examples:
        berth repository list config.yml
        berth repository delete config.yml team/app --dry-run
        berth repository untagged config.yml team/app
      """,
    subcommands: [RepositoryListCommand.self, RepositoryDeleteCommand.self, RepositoryUntaggedCommand.self])
}

/// `berth repository list`
struct RepositoryListCommand: StorageCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Print the names of all repositories, one a line, in byte order.",
    discussion: """
      These are the ones that the catalog of the API has: repositories that hold a manifest, and those that hold blobs \
      and never had one.

      Exit status: 0; 1 if the storage can't be read, 78 if the configuration is wrong.

      Examples:
        berth repository list config.yml
        berth repository list config.yml | grep ^team/
      """)

  @OptionGroup var arguments: ConfigurationFileArgument

  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32 {
    var last = ""
    while true {
      let names = try await registry.catalog.names(after: last, limit: 1000)
      guard let end = names.last else { return 0 }
      print(names.joined(separator: "\n"))
      last = end
    }
  }
}

/// `berth repository delete`
struct RepositoryDeleteCommand: StorageCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a repository with all its tags, manifests, blobs and uploads.",
    usage: "berth repository delete [<config>] <repository> [--dry-run]",
    discussion: """
      The service may be running, and people may push. Repositories below it (team/app/base below team/app) stay. \
      Content stays until garbage is collected. An upload that is being written to is left; delete the repository again \
      once it has ended. A deletion that breaks off can be asked for again.

      Exit status: 0; 1 if there is no such repository or the storage fails, 3 if an upload was left, 78 if the \
      configuration is wrong.

      Examples:
        berth repository delete config.yml team/app --dry-run
        berth repository delete config.yml team/app
      """)

  @OptionGroup var arguments: RepositoryArgument

  @Flag(help: "Only say what would be deleted.")
  var dryRun = false

  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32 {
    let name = try arguments.name
    let removal = RepositoryRemoval(of: registry.repository(name))
    guard let outcome = dryRun ? try await removal.preview() : try await removal.run() else {
      printErrors(["there is no repository \(name)"])
      return 1
    }
    if !dryRun { _ = try? await registry.driver.sweepLeftovers(olderThan: .seconds(3600)) }
    let amounts = [
      Self.amount(outcome.tags, "tag"), Self.amount(outcome.manifests, "manifest"),
      Self.amount(outcome.blobs, "blob"), Self.amount(outcome.uploads, "upload"),
    ]
    print("\(dryRun ? "would delete" : "deleted") \(name): \(amounts.joined(separator: ", "))")
    guard outcome.uploadsLeft > 0 else { return 0 }
    printErrors(["\(Self.amount(outcome.uploadsLeft, "upload")) being written to: left"])
    return 3
  }

  private static func amount(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
