import ArgumentParser
import Core
import NIOConcurrencyHelpers

/// A command that works on the storage of a service, which may be running.
protocol StorageCommand: ParsableCommand, Sendable {
  /// The positional arguments; the first is the configuration that names the storage.
  associatedtype Arguments: ConfiguredArguments
  var arguments: Arguments { get }

  /// Does the work.
  /// - Returns: the exit status.
  func run(_ registry: Registry, _ configuration: Configuration) async throws -> Int32
}

extension StorageCommand {
  /// Opens the storage and does the work on this thread.
  func run() throws {
    let (driver, configuration) = try arguments.openStorage()
    let status = NIOLockedValueBox<Int32>(1)
    ThreadExecutor().run { [self] in
      do {
        let result = try await run(
          Registry(driver: driver, caching: try Composition.commandCaching(configuration)), configuration)
        status.withLockedValue { $0 = result }
      } catch {
        printErrors(["\(error)"])
      }
    }
    let result = status.withLockedValue { $0 }
    if result != 0 { throw ExitCode(result) }
  }
}

extension ConfiguredArguments {
  /// Opens the storage that the configuration names.
  /// - Throws: `ExitCode`, after it has printed the problems.
  func openStorage() throws -> (any StorageDriver, Configuration) {
    do {
      let loaded = try load()
      printErrors(loaded.warnings)
      let configuration = loaded.configuration
      guard configuration.storage.driver != .inMemory else {
        printErrors(["storage.inmemory: only the worker process has the content, so this command can't reach it"])
        throw ExitCode(78)  // EX_CONFIG
      }
      try StorageOwner.assume(configuration.storage)
      return (try Composition.driver(configuration.storage, accelPrefix: "", isForMaintenance: true), configuration)
    } catch let error as ConfigurationError {
      printErrors(error.problems)
      throw ExitCode(78)
    } catch let error as StorageError {
      printErrors([error])
      throw ExitCode(1)
    } catch let error as SystemError {
      printErrors([error])
      throw ExitCode(1)
    }
  }
}

/// Parsers for arguments of commands.
enum ArgumentValue {
  static func repositoryName(_ text: String) throws -> RepositoryName {
    guard let name = RepositoryName(text) else {
      throw ValidationError(
        "A repository name is made of lower-case letters and digits, separated by one of . _ __ - /")
    }
    return name
  }

  static func tag(_ text: String) throws -> Tag {
    guard let tag = Tag(text) else {
      throw ValidationError("A tag is up to 128 letters, digits, . _ or -, and begins with none of . and -")
    }
    return tag
  }

  /// A user's name or number that is safe in nginx's configuration.
  static func userName(_ text: String) throws -> String {
    let isName = text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
      default: false
      }
    }
    guard isName, !text.isEmpty, !text.hasPrefix("-") else {
      throw ValidationError("A user's name is made of letters, digits, . _ and -, and begins with none of -")
    }
    return text
  }

  static func duration(_ text: String) throws -> Duration {
    guard let duration = Duration(goText: text), duration >= .zero else {
      throw ValidationError("A duration is written as 24h, 1h30m, 7d or 0s")
    }
    return duration
  }
}
