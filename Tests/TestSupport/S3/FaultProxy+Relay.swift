import Foundation

extension FaultProxy {
  /// Serves one connection.
  func relay(_ client: HTTPRelayStream) {
    while waitForRequest(client), var head = client.readHead(), head.words.count == 3 {
      // The proxy says itself that the body may come, so that an answer is always the last word.
      if head["expect"] != nil {
        head.lines.removeAll { $0.lowercased().hasPrefix("expect:") }
        guard LoopbackSocket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), client.descriptor) else { return }
      }
      let operation = S3Operation(
        method: head.words[0], target: head.words[1], copies: head["x-amz-copy-source"] != nil)
      let fault = fault(for: Request(operation: operation, lines: head.lines))
      guard serve(head, from: client, fault) else { return }
    }
  }

  /// One request and its answer. Returns whether the connection may have another.
  private func serve(_ head: HTTPRelayStream.Head, from client: HTTPRelayStream, _ fault: Fault?) -> Bool {
    let body = HTTPRelayStream.Framing(head, otherwise: .length(0))
    switch fault {
    case .reset:
      LoopbackSocket.resetOnClose(client.descriptor)
      return false
    case .error(let status, let code):
      return client.readBody(body) { _ in true } && answer(client, head, status, code)
    case .answer(let lines, let content):
      guard client.readBody(body, { _ in true }) else { return false }
      let text = lines.joined(separator: "\r\n") + "\r\n\r\n"
      return LoopbackSocket.send(Array("HTTP/1.1 \(text)".utf8) + content, client.descriptor)
    default: break
    }
    // A connection for each request, so that none is closed by the store just when it is used.
    guard let connection = LoopbackSocket.connect(to: target) else { return false }
    let store = HTTPRelayStream(connection)
    var isSent = LoopbackSocket.send(head.bytes, connection)
    // Where the store has answered before the end, its answer is read all the same, and the rest let go.
    let isWhole = client.readBody(body) { bytes in
      isSent = isSent && LoopbackSocket.send(bytes, connection)
      return true
    }
    guard isWhole, let answerHead = store.readHead() else { return false }
    switch fault {
    case .resetAfterwards:
      drain(store, answerHead, head)
      LoopbackSocket.resetOnClose(client.descriptor)
      return false
    case .errorAfterwards(let status, let code):
      drain(store, answerHead, head)
      return answer(client, head, status, code)
    case .delay(let duration):
      guard wait(duration, client) else { return false }
    default: break
    }
    var left = Int.max
    if case .truncate(let count) = fault { left = count }
    guard LoopbackSocket.send(answerHead.bytes, client.descriptor) else { return false }
    let framing = self.framing(answerHead, of: head)
    let isComplete = store.readBody(framing) { bytes in
      let part = Array(bytes.prefix(left))
      left -= part.count
      return LoopbackSocket.send(part, client.descriptor) && left > 0
    }
    if case .close = framing { return false }
    return isComplete && answerHead["connection"]?.lowercased() != "close"
  }

  private func framing(_ answer: HTTPRelayStream.Head, of request: HTTPRelayStream.Head) -> HTTPRelayStream.Framing {
    let status = answer.words.dropFirst().first
    if request.words[0] == "HEAD" || status == "204" || status == "304" { return .length(0) }
    return HTTPRelayStream.Framing(answer, otherwise: .close)
  }

  /// Waits until the store has done all that it was asked.
  private func drain(_ store: HTTPRelayStream, _ answer: HTTPRelayStream.Head, _ request: HTTPRelayStream.Head) {
    _ = store.readBody(framing(answer, of: request)) { _ in true }
  }

  /// An error as S3 has it (Amazon S3 API Reference, "Error responses").
  private func answer(
    _ client: HTTPRelayStream, _ request: HTTPRelayStream.Head, _ status: Int, _ code: String
  ) -> Bool {
    let body = """
      <?xml version="1.0" encoding="UTF-8"?>
      <Error><Code>\(code)</Code><Message>As the test ordered.</Message><RequestId>ordered</RequestId></Error>
      """
    let head = """
      HTTP/1.1 \(status) Ordered\r
      Content-Type: application/xml\r
      Content-Length: \(body.utf8.count)\r
      x-amz-request-id: ordered\r
      \r\n
      """
    let text = request.words[0] == "HEAD" ? head : head + body
    return LoopbackSocket.send(Array(text.utf8), client.descriptor)
  }

  /// Waits for so long. Returns false where the proxy ends or the client has gone.
  private func wait(_ duration: Duration, _ client: HTTPRelayStream) -> Bool {
    let end = ContinuousClock.now + duration
    while ContinuousClock.now < end {
      if isOver { return false }
      if LoopbackSocket.ready([client.descriptor])[0] {
        var byte: UInt8 = 0
        if recv(client.descriptor, &byte, 1, Int32(MSG_PEEK)) <= 0 { return false }
        usleep(10_000)
      }
    }
    return true
  }

  /// Waits for the next request. Returns false where the proxy ends.
  private func waitForRequest(_ client: HTTPRelayStream) -> Bool {
    while !client.hasMore {
      if isOver { return false }
      if LoopbackSocket.ready([client.descriptor])[0] { return true }
    }
    return true
  }
}
