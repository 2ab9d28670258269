import ArgumentParser
import Core

/// `berth tag`
struct TagCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tag", abstract: "Look at tags.",
    discussion: """
      Examples:
        berth tag history config.yml team/app latest
      """,
    subcommands: [TagHistoryCommand.self])
}

/// `berth tag history`
struct TagHistoryCommand: StorageCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Print what a tag points to and pointed to, newest first.",
    usage: "berth tag history [<config>] <repository> <tag> [--json]",
    discussion: """
      Each line has a time, a digest, and what is to be said about it: "current", or "deleted" where the repository \
      no longer has that manifest. The time is when the tag pointed to it for the first time: a tag that comes back to \
      what it was leaves no second entry. A tag that is deleted loses its history.

      Exit status: 0; 1 if there is no such tag or the storage fails, 78 if the configuration is wrong.

      Examples:
        berth tag history config.yml team/app latest
        berth tag history config.yml team/app latest --json
      """)

  @OptionGroup var arguments: TagArgument

  @Flag(help: "Print the JSON of the API's answer, with all entries.")
  var json = false

  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32 {
    let (name, tag) = try arguments.parsed
    let repository = registry.repository(name)
    let history = try await repository.tagHistory(of: tag)
    guard !history.events.isEmpty else {
      printErrors(["there is no tag \(tag) in \(name)"])
      return 1
    }
    if json {
      print(String(decoding: history.json, as: UTF8.self))
      return 0
    }
    for event in history.events {
      let remark = event.isCurrent ? "  current" : ""
      print("\(event.timeText)  \(event.digest)\(remark)\(history.existing.contains(event.digest) ? "" : "  deleted")")
    }
    return 0
  }
}
