import Foundation

/// One side of a proxy's connection: reads HTTP/1.1 messages piece by piece (RFC 9112).
final class HTTPRelayStream {
  let descriptor: Int32
  private var pending: [UInt8] = []

  /// Takes the socket over.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Whether something has been received and not been read.
  var hasMore: Bool { !pending.isEmpty }

  /// First line and header fields, as they came.
  struct Head {
    var lines: [String]

    /// The first value of a field.
    subscript(_ name: String) -> String? {
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[0].lowercased() == name { return parts[1].trimmingCharacters(in: .whitespaces) }
      }
      return nil
    }

    /// The first line's words.
    var words: [String] { lines.first?.split(separator: " ").map(String.init) ?? [] }

    var bytes: [UInt8] { Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) }
  }

  /// How a body ends.
  enum Framing {
    case length(Int)
    case chunked
    case close

    /// Of a request, or of an answer that may have a body.
    init(_ head: Head, otherwise: Framing) {
      if head["transfer-encoding"]?.lowercased() == "chunked" {
        self = .chunked
      } else if let length = head["content-length"].flatMap({ Int($0) }) {
        self = .length(length)
      } else {
        self = otherwise
      }
    }
  }

  /// The next message's head; nil where there is none.
  func readHead() -> Head? {
    var lines: [String] = []
    while let line = readLine() {
      if !line.isEmpty {
        lines.append(line)
      } else if !lines.isEmpty {
        return Head(lines: lines)
      }
    }
    return nil
  }

  /// Passes the body on as it came, chunk sizes and all. Returns whether it was whole and `sink` took all of it.
  func readBody(_ framing: Framing, _ sink: ([UInt8]) -> Bool) -> Bool {
    switch framing {
    case .length(let length):
      return pass(length, sink)
    case .close:
      while !pending.isEmpty || fill() {
        let bytes = pending
        pending = []
        guard sink(bytes) else { return false }
      }
      return true
    case .chunked:
      while let line = readLine(), let size = Int(line.prefix { $0 != ";" }, radix: 16) {
        guard sink(Array((line + "\r\n").utf8)), pass(size + 2, sink) else { return false }
        if size == 0 { return true }
      }
      return false
    }
  }

  private func pass(_ count: Int, _ sink: ([UInt8]) -> Bool) -> Bool {
    var left = count
    while left > 0 {
      guard !pending.isEmpty || fill() else { return false }
      let bytes = Array(pending.prefix(left))
      pending.removeFirst(bytes.count)
      left -= bytes.count
      guard sink(bytes) else { return false }
    }
    return true
  }

  private func readLine() -> String? {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending[..<end].last == UInt8(ascii: "\r") ? pending[..<(end - 1)] : pending[..<end]
        let text = String(decoding: line, as: UTF8.self)
        pending.removeSubrange(...end)
        return text
      }
      guard fill() else { return nil }
    }
  }

  private func fill() -> Bool {
    guard let bytes = LoopbackSocket.receive(descriptor) else { return false }
    pending += bytes
    return true
  }
}
