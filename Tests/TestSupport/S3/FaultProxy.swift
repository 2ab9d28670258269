import Foundation
import Synchronization

/// Stands before an object store on 127.0.0.1, counts what is asked of it, and has go wrong what a test orders.
///
/// Header fields, Host among them, pass as they are, since signatures cover them: clients sign for the proxy's port.
package final class FaultProxy: Sendable {
  /// What befalls a request.
  package enum Fault: Sendable {
    /// The connection is reset; the store hears nothing of it.
    case reset
    /// The store does what it was asked, and the connection is reset in place of its answer.
    case resetAfterwards
    /// An error in place of the store, which hears nothing of it. `code` as in S3's XML.
    case error(status: Int, code: String)
    /// The store does what it was asked, and an error takes the place of its answer.
    case errorAfterwards(status: Int, code: String)
    /// An answer in place of the store, which hears nothing of it: what follows the status line's version, and a body.
    case answer(head: [String], body: [UInt8])
    /// The answer is held back for so long, or until the client has gone.
    case delay(Duration)
    /// The answer's body breaks off after so many bytes.
    case truncate(after: Int)

    /// As S3 says that requests come too fast.
    package static let slowDown = Fault.error(status: 503, code: "SlowDown")
    /// As S3 tells of a copy, or of a completion, that failed after its status had been sent.
    package static let errorInside200 = Fault.error(status: 200, code: "InternalError")
  }

  /// Which of the requests from now on, counted from 1.
  package enum Calls: Sendable {
    case number(Int)
    case every(Int)
    case all

    func contains(_ number: Int) -> Bool {
      switch self {
      case .number(let only): number == only
      case .every(let step): number % step == 0
      case .all: true
      }
    }
  }

  /// A request that has come by.
  package struct Request: Sendable {
    package var operation: S3Operation
    /// As it stands on the wire: method, target, version; then the header fields.
    package var lines: [String]
  }

  private struct Order {
    var fault: Fault
    /// nil: of any kind.
    var operation: S3Operation?
    var calls: Calls
    var seen = 0
  }

  private struct State {
    var orders: [Order] = []
    var requests: [Request] = []
    var isOver = false
  }

  package let port: UInt16
  let target: UInt16
  private let listener: Int32
  private let state = Mutex(State())

  /// In front of the store at `target`.
  package init(to target: UInt16) throws {
    self.target = target
    (listener, port) = try LoopbackSocket.listen()
    Thread { [self] in serve() }.start()
  }

  /// Ends. To be called: its threads keep the proxy alive.
  package func stop() {
    state.withLock { $0.isOver = true }
  }

  /// `http://127.0.0.1:port`
  package var endpoint: String { "http://127.0.0.1:\(port)" }

  /// Orders a fault, for requests from now on; where several befall one request, it is the first that was ordered.
  /// - Parameter operation: nil: of any kind.
  package func order(_ fault: Fault, at operation: S3Operation? = nil, _ calls: Calls = .all) {
    state.withLock { $0.orders.append(Order(fault: fault, operation: operation, calls: calls)) }
  }

  /// Forgets orders and requests.
  package func reset() {
    state.withLock { ($0.orders, $0.requests) = ([], []) }
  }

  /// What has come by, in this order.
  package var requests: [Request] { state.withLock { $0.requests } }

  /// How many requests of a kind have come by; nil: of any.
  package func count(_ operation: S3Operation? = nil) -> Int {
    requests.count { operation == nil || $0.operation == operation }
  }

  var isOver: Bool { state.withLock { $0.isOver } }

  /// Notes a request, and says what befalls it.
  func fault(for request: Request) -> Fault? {
    state.withLock { state in
      state.requests.append(request)
      var fault: Fault?
      for index in state.orders.indices {
        let order = state.orders[index]
        guard order.operation == nil || order.operation == request.operation else { continue }
        state.orders[index].seen += 1
        if fault == nil, order.calls.contains(order.seen + 1) { fault = order.fault }
      }
      return fault
    }
  }

  private func serve() {
    while !isOver {
      guard LoopbackSocket.ready([listener])[0] else { continue }
      let client = accept(listener, nil, nil)
      guard client >= 0 else { continue }
      Thread { [self] in relay(HTTPRelayStream(client)) }.start()
    }
    close(listener)
  }
}
