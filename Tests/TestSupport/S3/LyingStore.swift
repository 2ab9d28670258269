import Foundation
import Synchronization

/// An object store on 127.0.0.1 that answers what a test says, however absurd.
package final class LyingStore: Sendable {
  /// An answer, as it goes over the wire.
  package struct Answer: Sendable {
    package var status = 200
    package var fields: [String] = []
    package var body = ""
    /// Whether `fields` says how long the body is, which need not be true.
    package var hasOwnLength: Bool { fields.contains { $0.lowercased().hasPrefix("content-length:") } }

    package init(_ status: Int = 200, _ fields: [String] = [], body: String = "") {
      self.status = status
      self.fields = fields
      self.body = body
    }
  }

  /// What is asked.
  package struct Request: Sendable {
    package let method: String
    package let target: String
    /// `If-Match`
    package let ifMatch: String?
  }

  package let port: UInt16
  private let listener: Int32
  private let isOver = Atomic(false)
  private let asked = Atomic(0)
  private let answer: @Sendable (Request) -> Answer

  package init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
    self.answer = answer
    (listener, port) = try LoopbackSocket.listen()
    Thread { [self] in serve() }.start()
  }

  /// Ends. To be called: its threads keep it alive.
  package func stop() { isOver.store(true, ordering: .relaxed) }

  /// How many requests have come.
  package var requests: Int { asked.load(ordering: .relaxed) }

  private func serve() {
    while !isOver.load(ordering: .relaxed) {
      guard LoopbackSocket.ready([listener])[0] else { continue }
      let client = accept(listener, nil, nil)
      guard client >= 0 else { continue }
      Thread { [self] in serve(HTTPRelayStream(client)) }.start()
    }
    close(listener)
  }

  /// One request, and the end of the connection: what was said of a body's length need not hold.
  private func serve(_ client: HTTPRelayStream) {
    guard let head = client.readHead(), head.words.count == 3 else { return }
    if head["expect"] != nil {
      _ = LoopbackSocket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), client.descriptor)
    }
    _ = client.readBody(HTTPRelayStream.Framing(head, otherwise: .length(0))) { _ in true }
    asked.add(1, ordering: .relaxed)
    let answer = answer(Request(method: head.words[0], target: head.words[1], ifMatch: head["if-match"]))
    var lines = ["HTTP/1.1 \(answer.status) Said", "Connection: close"] + answer.fields
    if !answer.hasOwnLength { lines.append("Content-Length: \(answer.body.utf8.count)") }
    let text = lines.joined(separator: "\r\n") + "\r\n\r\n" + (head.words[0] == "HEAD" ? "" : answer.body)
    _ = LoopbackSocket.send(Array(text.utf8), client.descriptor)
  }
}
