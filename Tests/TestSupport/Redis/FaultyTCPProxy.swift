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
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    port = try FreePort.next()
    state = Mutex(State(target: target))
    var address = sockaddr_in.loopback(port)
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0, listen(listener, 128) == 0 else {
      close(listener)
      throw WireClient.Failure(description: "the proxy can't listen")
    }
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
      guard ready([listener])[0] else { continue }
      let client = accept(listener, nil, nil)
      guard client >= 0 else { continue }
      state.withLock { $0.accepted += 1 }
      Thread { [self] in relay(client) }.start()
    }
    close(listener)
  }

  private func relay(_ client: Int32) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer {
      close(client)
      close(server)
    }
    var address = sockaddr_in.loopback(state.withLock { $0.target })
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { return }
    while true {
      let (fault, isOver) = state.withLock { ($0.fault, $0.isOver) }
      if isOver || fault == .close { return }
      guard fault != .blackhole else {
        usleep(5_000)
        continue
      }
      let isReady = ready([client, server])
      // What was set in the meantime counts.
      if state.withLock({ $0.fault }) != fault { continue }
      if isReady[0] {
        guard let bytes = receive(client), send(bytes, server) else { return }
      }
      if isReady[1] {
        guard let bytes = receive(server), answer(bytes, client, fault) else { return }
      }
    }
  }

  private func answer(_ bytes: [UInt8], _ client: Int32, _ fault: Fault) -> Bool {
    switch fault {
    case .none, .blackhole, .close:
      return send(bytes, client)
    case .delay(let duration):
      usleep(UInt32(duration / .microseconds(1)))
      return send(bytes, client)
    case .garbage(let garbage):
      return send(garbage, client)
    case .cut(let count):
      _ = send(Array(bytes.prefix(count)), client)
      return false
    }
  }

  private func ready(_ descriptors: [Int32]) -> [Bool] {
    var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&entries, nfds_t(entries.count), 20) > 0 else { return descriptors.map { _ in false } }
    return entries.map { $0.revents != 0 }
  }

  private func receive(_ descriptor: Int32) -> [UInt8]? {
    var block = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &block, block.count, 0)
    return count > 0 ? Array(block[..<count]) : nil
  }

  private func send(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }
}
