import Testing

@testable import Drivers

struct S3RetryTests {
  private static func failure(_ status: Int?, _ code: String, _ transport: HTTPTransportError.Code? = nil) -> S3Failure
  {
    var failure = S3Failure(malformed: "")
    failure.status = status
    failure.code = code
    failure.transport = transport
    return failure
  }

  @Test(
    arguments: [
      (503, "SlowDown", nil, 1, .later), (503, "SlowDown", nil, 4, .later), (503, "SlowDown", nil, 5, .no),
      (500, "InternalError", nil, 1, .later), (200, "InternalError", nil, 1, .later), (502, "HTTP 502", nil, 2, .later),
      (400, "RequestTimeout", nil, 1, .later), (409, "OperationAborted", nil, 1, .later),
      (409, "ConditionalRequestConflict", nil, 1, .later), (412, "PreconditionFailed", nil, 1, .no),
      (404, "NoSuchKey", nil, 1, .no), (404, "NoSuchBucket", nil, 1, .no), (403, "AccessDenied", nil, 1, .no),
      (403, "SignatureDoesNotMatch", nil, 1, .no), (400, "ExpiredToken", nil, 1, .withNewCredentials),
      (400, "ExpiredToken", nil, 2, .no), (403, "InvalidAccessKeyId", nil, 1, .withNewCredentials),
      (403, "RequestTimeTooSkewed", nil, 1, .withItsClock),
      (403, "RequestTimeTooSkewed", nil, 2, .no), (nil, "lost", .lost, 1, .later),
      (nil, "timeout", .timeout, 4, .later),
      (nil, "lost", .lost, 5, .no), (nil, "untrusted", .untrusted, 1, .no), (nil, "cancelled", .cancelled, 1, .no),
    ] as [(Int?, String, HTTPTransportError.Code?, Int, Retry)])
  func `what may pass is tried again, what may not is not`(
    row: (status: Int?, code: String, transport: HTTPTransportError.Code?, attempt: Int, retry: Retry)
  ) {
    #expect(Retry(Self.failure(row.status, row.code, row.transport), attempt: row.attempt) == row.retry)
  }

  @Test func `pauses double, are spread, and are bounded`() {
    #expect(Retry.pause(attempt: 1, random: 0) == .zero)
    #expect(Retry.pause(attempt: 1, random: 0.5) == .milliseconds(50))
    #expect(Retry.pause(attempt: 3, random: 0.5) == .milliseconds(200))
    #expect(Retry.pause(attempt: 60, random: 0.5) == .seconds(1))
  }

  @Test func `retries cost what successes earn`() {
    let budget = RetryBudget(capacity: 12)
    #expect(budget.take() && budget.take())
    #expect(!budget.take())
    for _ in 0..<3 { budget.earn() }
    #expect(budget.take())
    for _ in 0..<100 { budget.earn() }
    #expect(budget.take() && budget.take() && !budget.take())
  }
}
