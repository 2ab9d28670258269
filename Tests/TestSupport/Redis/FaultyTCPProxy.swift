import Foundation
import Synchronization

/// Stands between a client and a server on 127.0.0.1, and does to what passes what a bad network does.
package final class FaultyTCPProxy: Sendable {
  package enum Fault: Sendable, Equatable {
    /// What comes is passed on.
    case none
    /// Answers are held back for so long.
    case delay(Duration)
    /// Connections are taken, and nothing passes.
    case blackhole
    /// In place of the next answer come these bytes; and then again what there is.
    case garbage([UInt8])
    /// The next answer breaks off after so many bytes.
    case cut(after: Int)
    /// Connections are closed.
    case close
  }

  package let port: UInt16
  private let listener: Int32
  private let state: Mutex<State>

  private struct State {
    var fault = Fault.none
    var target: UInt16
    var isOver = false
    var accepted = 0
  }

  /// In front of `target`.
  package init(to target: UInt16) throws {
    (listener, port) = try LoopbackSocket.listen()
    state = Mutex(State(target: target))
    Thread { [self] in serve() }.start()
  }

  /// Closes all connections and ends. To be called: its threads keep the proxy alive.
  package func stop() {
    state.withLock { $0.isOver = true }
  }

  /// `127.0.0.1:port`
  package var address: String { "127.0.0.1:\(port)" }

  /// Connections that were made.
  package var connections: Int { state.withLock { $0.accepted } }

  /// From now on, for connections that there are, too.
  package func set(_ fault: Fault) {
    state.withLock { $0.fault = fault }
  }

  /// Where new connections lead.
  package func setTarget(_ port: UInt16) {
    state.withLock { $0.target = port }
  }

  private func serve() {
    while !state.withLock({ $0.isOver }) {
      guard LoopbackSocket.ready([listener])[0] else { continue }
      let client = accept(listener, nil, nil)
      guard client >= 0 else { continue }
      state.withLock { $0.accepted += 1 }
      Thread { [self] in relay(client) }.start()
    }
    close(listener)
  }

  private func relay(_ client: Int32) {
    defer { close(client) }
    guard let server = LoopbackSocket.connect(to: state.withLock { $0.target }) else { return }
    defer { close(server) }
    while true {
      let (fault, isOver) = state.withLock { ($0.fault, $0.isOver) }
      if isOver || fault == .close { return }
      guard fault != .blackhole else {
        usleep(5_000)
        continue
      }
      let isReady = LoopbackSocket.ready([client, server])
      // What was set in the meantime counts.
      if state.withLock({ $0.fault }) != fault { continue }
      if isReady[0] {
        guard let bytes = LoopbackSocket.receive(client), LoopbackSocket.send(bytes, server) else { return }
      }
      if isReady[1] {
        guard let bytes = LoopbackSocket.receive(server), answer(bytes, client, fault) else { return }
      }
    }
  }

  private func answer(_ bytes: [UInt8], _ client: Int32, _ fault: Fault) -> Bool {
    switch fault {
    case .none, .blackhole, .close:
      return LoopbackSocket.send(bytes, client)
    case .delay(let duration):
      usleep(UInt32(duration / .microseconds(1)))
      return LoopbackSocket.send(bytes, client)
    case .garbage(let garbage):
      return LoopbackSocket.send(garbage, client)
    case .cut(let count):
      _ = LoopbackSocket.send(Array(bytes.prefix(count)), client)
      return false
    }
  }
}
