/// The kinds of requests to the store (Amazon S3 API Reference, "Actions").
public enum S3Operation: String, Sendable, CaseIterable {
  case getObject, headObject, putObject, deleteObject, deleteObjects, copyObject
  case createMultipartUpload, uploadPart, uploadPartCopy, completeMultipartUpload, abortMultipartUpload
  case listObjects, listMultipartUploads

  /// Timeout for a request without a body.
  var patience: Duration {
    switch self {
    // The store may begin its answer only when everything is copied.
    case .copyObject, .uploadPartCopy, .completeMultipartUpload: .seconds(600)
    default: .seconds(30)
    }
  }

  /// Whether an answer of 200 may hold an error (API Reference, "CompleteMultipartUpload": the status is sent before
  /// the outcome is known).
  var mayFailLate: Bool {
    switch self {
    case .copyObject, .uploadPartCopy, .completeMultipartUpload, .deleteObjects: true
    default: false
    }
  }
}
