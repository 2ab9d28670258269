/// Where the access log goes.
public protocol AccessLogSink: Sendable {
  /// One answered request. `duration`: until the answer was ready to be sent.
  func record(_ request: Request, _ response: Response, _ duration: Duration)
}

/// Records every request, whatever becomes of it.
public struct AccessLog: RequestHandler {
  private let next: any RequestHandler
  private let sink: any AccessLogSink

  /// Before `next`.
  public init(_ next: any RequestHandler, sink: any AccessLogSink) {
    self.next = next
    self.sink = sink
  }

  /// Answers as the next step does.
  public func respond(to request: Request) async -> Response {
    let start = ContinuousClock.now
    let response = await next.respond(to: request)
    sink.record(request, response, ContinuousClock.now - start)
    return response
  }
}
