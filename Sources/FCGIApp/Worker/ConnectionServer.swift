import Core
import Glibc
import HTTPTypes

/// Serves one request after the other on its thread, and reuses buffers and objects between them.
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

  /// How long a request's header may take from its first byte on.
  private static let headerTimeout = Duration.seconds(5)
  /// How long a thread waits for the rest of a header while every slot for slow clients is taken: long enough for a
  /// header that was sent at once and arrives in several packets.
  private static let headerGrace = Duration.milliseconds(50)

  /// Answers the request that has arrived on a connection.
  /// - Parameter isChecked: whether it is known to have a header that libfcgi may read.
  func serve(_ connection: Int32, isChecked: Bool) -> FastCGIRequest.Ending {
    // Only when the answer is written: a slow client may delay that, too.
    defer { slot.release() }
    guard isChecked || isHeaderComing(on: connection) else { return .finished(connection) }
    guard request.begin(on: connection) else { return .closed }
    isWhole = false
    isOfUse = true
    executor.run(unless: { self.isInVain }) { self.isWhole = await self.answer() }
    guard isWhole else {
      request.abort()
      return .closed
    }
    return request.finish(keeping: isOfUse, isAllowedToWait: slot.take)
  }

  /// Waits until the whole header of a request has arrived; this takes a slot for slow clients. False: it is malformed,
  /// it takes too long, or too many slow clients are being served.
  private func isHeaderComing(on connection: Int32) -> Bool {
    let begun = ContinuousClock.now
    var pause: UInt32 = 100
    while true {
      switch ConnectionSocket.arrival(on: connection) {
      case .request:
        slot.release()
        return true
      case .unusable:
        return false
      case .nothing, .part:
        let end = begun + (slot.take() ? Self.headerTimeout : Self.headerGrace)
        guard ContinuousClock.now < end, !ConnectionSocket.isClosedByPeer(connection) else { return false }
        usleep(pause)
        pause = min(pause * 2, 20_000)
      }
    }
  }

  /// Whether nginx has closed the connection, so that the answer is not needed. Not checked while a body is read: what
  /// has arrived is kept first.
  private var isInVain: Bool { body?.isOver ?? true && request.isAbandoned }

  /// - Returns: whether the answer was written to its end.
  private func answer() async -> Bool {
    guard let parameters = request.parameters.map(RequestParameters.init) else { return false }
    let parsed = parameters.request { length in
      let opened = FastCGIBody(request.input, length: length, slot: slot)
      body = opened
      return opened
    }
    defer { body = nil }
    guard let parsed else {
      let error = RegistryError(.unsupported, "the request's method or length can't be read", status: .badRequest)
      return await writer.write(error.response, to: .get, request)
    }
    var response = await handler.respond(to: parsed)
    if ResponseWriter.isLong(response, to: parsed.method), !slot.take(), case .file = response.body {
      pool.reportRefusal(of: parsed)
      let error = RegistryError(
        .tooManyRequests, "more answers are under way than the registry sends at once", status: .serviceUnavailable,
        fields: [.retryAfter: "5"])
      response = error.response
    }
    // If the answer has no body, or nginx sends the file itself, nginx closes the connection after the head: watching
    // it would only wake a thread for its end.
    if parsed.method == .head || response.fields.contains(.xAccelRedirect) { isOfUse = false }
    return await writer.write(response, to: parsed.method, request)
  }
}
