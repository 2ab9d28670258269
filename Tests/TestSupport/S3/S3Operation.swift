/// What a request asks of an object store, path style (Amazon S3 API Reference, "Actions").
package enum S3Operation: String, Sendable, CaseIterable {
  case listBuckets
  case createBucket, headBucket, deleteBucket
  case listObjects, listMultipartUploads, deleteObjects
  case headObject, getObject, putObject, copyObject, deleteObject
  case createMultipartUpload, uploadPart, uploadPartCopy, listParts, completeMultipartUpload, abortMultipartUpload
  case other

  /// - Parameters:
  ///   - target: path and query as they stand in the request.
  ///   - copies: whether there is an `x-amz-copy-source`.
  package init(method: String, target: String, copies: Bool) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let query = parts.count > 1 ? parts[1] : ""
    let names = Set(query.split(separator: "&").compactMap { $0.split(separator: "=").first })
    let path = parts[0].split(separator: "/", maxSplits: 1)
    self =
      switch path.count {
      case 0: method == "GET" ? .listBuckets : .other
      case 1: Self.ofBucket(method, names)
      default: Self.ofObject(method, names, copies)
      }
  }

  private static func ofBucket(_ method: String, _ names: Set<Substring>) -> Self {
    switch method {
    case "PUT" where names.isEmpty: .createBucket
    case "HEAD": .headBucket
    case "DELETE" where names.isEmpty: .deleteBucket
    case "POST" where names.contains("delete"): .deleteObjects
    case "GET" where names.contains("uploads"): .listMultipartUploads
    case "GET" where names.contains("list-type") || names.contains("prefix") || names.isEmpty: .listObjects
    default: .other
    }
  }

  private static func ofObject(_ method: String, _ names: Set<Substring>, _ copies: Bool) -> Self {
    switch method {
    case "POST" where names.contains("uploads"): .createMultipartUpload
    case "POST" where names.contains("uploadId"): .completeMultipartUpload
    case "PUT" where names.contains("partNumber"): copies ? .uploadPartCopy : .uploadPart
    case "DELETE" where names.contains("uploadId"): .abortMultipartUpload
    case "GET" where names.contains("uploadId"): .listParts
    case "PUT": copies ? .copyObject : .putObject
    case "HEAD": .headObject
    case "GET": .getObject
    case "DELETE": .deleteObject
    default: .other
    }
  }
}
