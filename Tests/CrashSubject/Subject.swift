import Core
import Drivers
import Glibc
import HTTPTypes
import Logging

/// The registry over a directory, as a worker has it.
final class Subject {
  private let driver: FilesystemDriver
  private let handler: any RequestHandler
  /// Where the last upload goes on: `{location}` in a target.
  private var location = ""

  init(root: String) throws {
    driver = try FilesystemDriver(rootDirectory: root, maxThreads: 25, accelPrefix: nil)
    var configuration = Configuration()
    configuration.storage.deleteEnabled = true
    configuration.http.relativeURLs = true
    configuration.http.secret = Secret("a secret of the tests")
    handler = RequestPipeline.handler(
      APIContext(
        registry: Registry(driver: driver), configuration: configuration,
        logger: Logger(label: "subject") { _ in SwiftLogNoOpLogHandler() }))
  }

  /// Performs all of a script on the calling thread.
  /// - Parameter say: takes what came of each request.
  func perform(_ script: Script, _ say: @escaping (String) -> Void) throws {
    try OneThread().run { [self] in
      for request in script.requests { say(try await perform(request)) }
    }
  }

  /// What came of a request, as a line.
  private func perform(_ step: Script.Step) async throws -> String {
    if step.method.rawValue == "COLLECT" { return "\(try await collect(step.target))\t" }
    var target = step.target
    if target.hasPrefix("{location}") { target = location + target.dropFirst("{location}".count) }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let response = await handler.respond(
      to: Request(
        method: step.method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
        fields: step.fields, body: Body(step.body), contentLength: Int64(step.body.count), id: "subject"))
    let next = response.fields[.location] ?? ""
    if response.status == .accepted, !next.isEmpty { location = next }
    return "\(response.status.code)\t\(next)"
  }

  /// Collects garbage without grace: `untagged` manifests too; `later`, once what was there before may be taken.
  /// - Returns: 200, or 500 where there was a problem.
  private func collect(_ target: String) async throws -> Int {
    if target.contains("later") { usleep(300_000) }
    var options = GarbageCollector.Options()
    options.grace = .zero
    options.deletesUntagged = target.contains("untagged")
    let collector = GarbageCollector(driver, options)
    let turn = try await MaintenanceTurn.perform(GarbageCollector.task, driver) { () async throws(StorageError) in
      (try await collector.run(), isComplete: true)
    }
    guard case .done(let report) = turn else { return 409 }
    return report.problemCount == 0 ? 200 : 500
  }
}

/// A body that is in memory.
private final class Body: RequestBody {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int {
    let piece = rest
    let count = buffer.append { room in
      room.copyBytes(from: piece.prefix(room.count))
      return min(piece.count, room.count)
    }
    rest = rest.dropFirst(count)
    return count
  }
}
