import Foundation
import Glibc
import TestSupport

@testable import FCGIApp

/// `berth serve` as processes of its own, without a web server. Ends with its owner.
final class Service: @unchecked Sendable {
  // `process` is set once and safe to share; the rest does not change.
  let folder: TemporaryFolder
  let process: ChildProcess
  let configuration: String
  let socket: String

  /// - Parameter executable: nil: the one that is tested.
  init(
    _ more: String = "", drainTimeout: String = "30s", in folder: TemporaryFolder? = nil, executable: String? = nil
  ) throws {
    try ServerTests.require("registry")
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    configuration = folder / "config.yml"
    socket = folder / "berth.sock"
    try Self.text(folder, socket: socket, drainTimeout: drainTimeout, more)
      .write(toFile: configuration, atomically: true, encoding: .utf8)
    process = try ChildProcess(
      [executable ?? RegistryServer.berthExecutable(), "serve", configuration], log: folder / "berth.log")
    // Ready once it answers.
    let socket = socket
    let process = process
    let isUp = eventually {
      !process.isRunning || (try? FastCGIConnection(path: socket).exchange("GET", "/v2/"))?.status == 200
    }
    guard isUp, process.isRunning else { throw FastCGIConnection.Failure(description: "not up: \(log)") }
  }

  static func text(
    _ folder: TemporaryFolder, socket: String, drainTimeout: String = "30s", _ more: String = ""
  ) -> String {
    """
    version: 0.1
    storage:
      filesystem:
        rootdirectory: \(folder / "registry")
      delete: {enabled: true}
      cache: {blobdescriptor: inmemory}
    http:
      draintimeout: \(drainTimeout)
    fastcgi:
      address: \(socket)
      workers: 2
      threads: 4
    \(more)

    """
  }

  /// What its processes share.
  var segment: SharedSegment {
    get throws {
      let folder = "/proc/\(process.processID)/fd"
      for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
        guard target?.contains("berth-shared") == true else { continue }
        if let segment = try SharedSegment.open(Descriptor(open("\(folder)/\(name)", O_RDWR | O_CLOEXEC))) {
          return segment
        }
      }
      throw FastCGIConnection.Failure(description: "no segment")
    }
  }

  var log: String { (try? String(contentsOfFile: folder / "berth.log", encoding: .utf8)) ?? "" }

  func connect() throws -> FastCGIConnection { try FastCGIConnection(path: socket) }

  /// Begins an upload of 100,000 bytes, whose handler waits for them.
  func beginUpload(at path: String? = nil) throws -> FastCGIConnection {
    let connection = try FastCGIConnection(path: path ?? socket)
    try connection.write(
      FastCGIConnection.begin("PUT", "/v2/a/manifests/latest", parameters: [("CONTENT_LENGTH", "100000")]))
    guard eventually({ connection.isRead }) else {
      throw FastCGIConnection.Failure(description: "nobody reads the request: \(log)")
    }
    return connection
  }

  /// Ends such an upload. Whether it was answered.
  func endUpload(_ connection: FastCGIConnection) throws -> Bool {
    try connection.write(FastCGIConnection.body(.init(repeating: 1, count: 100_000)) + FastCGIConnection.endOfBody)
    let answer = try connection.answer()
    // It is no manifest.
    return answer.isComplete && (400..<500).contains(answer.status)
  }

  /// Has the configuration read again, and waits until it is in use.
  func reload() throws {
    let message = "the new configuration is in use"
    let count = log.components(separatedBy: message).count
    kill(process.processID, SIGHUP)
    guard eventually({ log.components(separatedBy: message).count > count }) else {
      throw FastCGIConnection.Failure(description: "no reload: \(log)")
    }
  }

  /// The process ids of what the supervisor started and calls `role`.
  func children(_ role: String) -> [pid_t] {
    let id = process.processID
    let list = (try? String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)) ?? ""
    return list.split(separator: " ").compactMap { pid_t($0) }.filter { child in
      ((try? String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8)) ?? "").contains(role)
    }
  }

  static func isRunning(_ id: pid_t) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
    return !status.contains(") Z ")
  }
}
