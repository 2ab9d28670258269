import Core

/// Why a request to the store failed, as the store reports it (Amazon S3 API Reference, "Error responses").
struct S3Failure: Error, Sendable {
  /// The status code; nil where there was no answer.
  var status: Int?
  /// `Code` of the answer, or what stands for it.
  var code: String
  /// `Message` of the answer, where there is one.
  var message: String?
  /// `Region` of the answer: where the bucket is.
  var region: String?
  /// Why there was no answer; nil where there was one.
  var transport: HTTPTransportError.Code?

  /// Of an answer. HEAD has no body, and radosgw's have no message.
  init(status: Int, body: XMLElement?, field region: String? = nil) {
    self.status = status
    let error = body?.name == "Error" ? body : nil
    code = error?.text(of: "Code").map(Self.bounded) ?? Self.code(of: status)
    message = error?.text(of: "Message").map(Self.bounded)
    self.region = (error?.text(of: "Region") ?? region).map(Self.bounded)
  }

  /// Without an answer.
  init(_ error: HTTPTransportError) {
    code = "\(error.code)"
    message = error.description
    transport = error.code
  }

  /// From an answer that lacks a required element.
  init(malformed what: String) {
    code = "MalformedAnswer"
    message = "the store's answer has no valid \(what)"
  }

  /// Whether nothing is there.
  var isNotFound: Bool { status == 404 && code != "NoSuchBucket" && code != "NoSuchUpload" }

  /// Whether the condition of a conditional request was false.
  var isConditionFailed: Bool { status == 412 || code == "ConditionalRequestConflict" }

  private static func bounded(_ text: String) -> String { String(text.prefix(300)) }

  private static func code(of status: Int) -> String {
    switch status {
    case 301, 307: "PermanentRedirect"
    case 403: "AccessDenied"
    case 404: "NoSuchKey"
    case 412: "PreconditionFailed"
    case 429, 503: "SlowDown"
    default: "HTTP \(status)"
    }
  }
}

extension StorageError {
  /// What a failure of the store means for the registry.
  init(_ failure: S3Failure, _ operation: String) {
    var cause = "the object store says \(failure.code)"
    if failure.transport != nil { cause = "the object store can't be reached" }
    if let message = failure.message { cause += " (\(message))" }
    if let remedy = failure.remedy { cause += "; \(remedy)" }
    self.init(failure.storageCode, operation, cause: cause)
  }
}

extension S3Failure {
  fileprivate var storageCode: StorageError.Code {
    switch transport {
    case .cancelled?: return .cancelled
    case .lost?, .timeout?: return .unavailable
    case .tooLong?: return .tooLarge
    case .untrusted?, .malformed?: return .failed
    case nil: break
    }
    if isNotFound { return .notFound }
    switch code {
    case "AccessDenied", "AllAccessDisabled", "AccountProblem": return .denied
    case "QuotaExceeded", "EntityTooLarge", "InsufficientCapacity": return .full
    case "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "TooManyRequests",
      "ConditionalRequestConflict", "OperationAborted":
      return .unavailable
    default: return status.map { $0 >= 500 || $0 == 429 } ?? false ? .unavailable : .failed
    }
  }

  /// What the operator can do about it.
  fileprivate var remedy: String? {
    switch code {
    case "NoSuchBucket": "make the bucket, or correct storage.s3.bucket"
    case "InvalidAccessKeyId", "SignatureDoesNotMatch":
      "check storage.s3.accesskey and secretkey, or whatever the credentials come from"
    case "AccessDenied": "check that the credentials may read, write, list and delete in the bucket"
    case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
      region.map { "the bucket is in the region \($0): correct storage.s3.region" }
        ?? "check storage.s3.region and regionendpoint"
    case "RequestTimeTooSkewed": "set this machine's clock"
    default: transport == .untrusted ? "check storage.s3.regionendpoint and the trusted certificates" : nil
    }
  }
}
