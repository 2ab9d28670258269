import Core
import HTTPTypes

/// Serves one request after the other on its thread, with what is used again and again.
///
/// `@unchecked Sendable`: it never leaves its thread; tasks that it starts run there too.
final class ConnectionServer: @unchecked Sendable {
  private let handler: any RequestHandler
  private let pool: WorkerPool
  private let slot: SlowClientSlot
  private let executor = ThreadExecutor()
  private let request = FastCGIRequest()
  private var writer = ResponseWriter()
  private var body: FastCGIBody?
  private var isWhole = false
  private var isOfUse = true

  init(handler: any RequestHandler, pool: WorkerPool) {
    self.handler = handler
    self.pool = pool
    slot = SlowClientSlot(pool)
  }

  /// Answers the request that has arrived on a connection.
  func serve(_ connection: Int32) -> FastCGIRequest.Ending {
    guard request.begin(on: connection) else { return .closed }
    isWhole = false
    isOfUse = true
    // Not before the end of the answer is written, which a slow client may hold up, too.
    defer { slot.release() }
    executor.run(unless: { self.isInVain }) { self.isWhole = await self.answer() }
    guard isWhole else {
      request.abort()
      return .closed
    }
    return request.finish(keeping: isOfUse)
  }

  /// Whether nobody waits for the answer any more. While a body is read, its end tells: what came of it is kept first.
  private var isInVain: Bool { body?.isOver ?? true && request.isAbandoned }

  /// - Returns: whether the answer was written to its end.
  private func answer() async -> Bool {
    guard let parameters = request.parameters.map(RequestParameters.init) else { return false }
    let parsed = parameters.request { length in
      let opened = FastCGIBody(request, length: length, slot: slot)
      body = opened
      return opened
    }
    defer { body = nil }
    guard let parsed else {
      let error = RegistryError(.unsupported, "the request's method or length can't be read", status: .badRequest)
      return await writer.write(error.response, to: .get, request)
    }
    var response = await handler.respond(to: parsed)
    request.skipBody(remaining: body?.remaining)
    if ResponseWriter.isLong(response, to: parsed.method), !slot.take(), case .file = response.body {
      pool.reportRefusal(of: parsed)
      let error = RegistryError(
        .tooManyRequests, "more answers are under way than the registry sends at once", status: .serviceUnavailable,
        fields: [.retryAfter: "5"])
      response = error.response
    }
    // Of an answer without a body, and of one that sends it to a file, nginx reads the head and closes the connection:
    // to watch it, and to be woken for its end, is in vain.
    if parsed.method == .head || response.fields[.xAccelRedirect] != nil { isOfUse = false }
    return await writer.write(response, to: parsed.method, request)
  }
}
