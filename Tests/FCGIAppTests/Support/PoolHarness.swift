import Core
import Foundation
import Glibc
import HTTPTypes
import Logging
import TestSupport

@testable import FCGIApp

/// A handler that a test writes in place.
struct ClosureHandler: RequestHandler {
  let body: @Sendable (Request) async -> Response

  func respond(to request: Request) async -> Response {
    await body(request)
  }
}

/// Worker threads in this process, on a socket in a folder of their own or on a free port. End with their owner.
final class PoolHarness {
  let pool: WorkerPool
  let path: String
  private let port: UInt16?
  private let socket: ListeningSocket
  private let folder: TemporaryFolder
  private var isDrained = false

  /// `socket`: another harness's, to share.
  init(
    threads: Int = 4, maxSlowClients: Int = 16, handover: Handover? = nil, sharing other: PoolHarness? = nil,
    isOverTCP: Bool = false, handler: @escaping @Sendable (Request) async -> Response
  ) throws {
    folder = try other?.folder ?? TemporaryFolder()
    path = folder / "s.sock"
    var configuration = Configuration.FastCGI()
    port = isOverTCP ? try FreePort.next() : nil
    configuration.address = port.map { .tcp(host: "127.0.0.1", port: $0) } ?? .unix(path: path)
    // nginx may run as another user.
    configuration.mode = 0o666
    socket = try other?.socket ?? ListeningSocket(configuration)
    pool = try WorkerPool(
      listener: socket.descriptor.raw, handover: handover, threads: threads, maxSlowClients: maxSlowClients,
      handler: ClosureHandler(body: handler), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    pool.start()
  }

  deinit {
    if !isDrained { _ = drain() }
  }

  func connect() throws -> FastCGIConnection {
    try port.map { try FastCGIConnection(port: $0) } ?? FastCGIConnection(path: path)
  }

  func drain(within timeout: Duration = .seconds(10)) -> Bool {
    isDrained = true
    return pool.drain(.stop, timeout: timeout, further: Self.nothing)
  }

  /// Ends beside what the test does; `wait` says whether all requests were answered.
  func drain(
    _ order: ControlSocket.Order, timeout: Duration = .seconds(60),
    further: @escaping @Sendable (Duration) -> ControlSocket.Order? = PoolHarness.nothing
  ) -> Background<Bool> {
    isDrained = true
    let pool = pool
    return Background { pool.drain(order, timeout: timeout, further: further) }
  }

  /// Where a pool that ends is told nothing more.
  static func nothing(within duration: Duration) -> ControlSocket.Order? {
    usleep(UInt32(duration.milliseconds) * 1000)
    return nil
  }
}

/// Waits until `condition` holds; false after five minutes.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(300)
  while ContinuousClock.now < deadline {
    if try condition() { return true }
    usleep(5_000)
  }
  return false
}

/// Runs `body` on a thread of its own; `wait` gives what it returned.
final class Background<Value: Sendable>: @unchecked Sendable {
  // Written by the thread before it signals, read after.
  private var result: Result<Value, any Error>?
  private let done = DispatchSemaphore(value: 0)

  init(_ body: @escaping @Sendable () throws -> Value) {
    Thread.detachNewThread {
      self.result = Result { try body() }
      self.done.signal()
    }
  }

  func wait() throws -> Value? {
    done.wait()
    return try result?.get()
  }
}

extension RequestBody {
  /// Reads to the end. Gives the number of bytes, and what it broke with.
  func readAll() async -> (count: Int, error: RequestBodyError?) {
    let buffer = IOBuffer()
    var count = 0
    do {
      while true {
        buffer.removeAll()
        let piece = try await read(into: buffer)
        if piece == 0 { return (count, nil) }
        count += piece
      }
    } catch {
      return (count, error)
    }
  }
}

extension Response {
  static func text(_ text: String, status: Int = 200) -> Response {
    Response(.init(code: status), body: .bytes(Array(text.utf8)))
  }
}
