import NIOCore

/// A part that the store has.
struct S3Part: Sendable, Equatable {
  /// From 1.
  var number: Int
  /// With its quotes.
  var etag: String
}

/// Bytes of an object.
struct S3Range: Sendable, Equatable {
  var key: String
  /// nil: all of it.
  var bytes: ClosedRange<Int64>?
}

extension S3Client {
  /// Begins a multipart upload.
  /// - Returns: its id.
  func createMultipartUpload(_ key: String, _ object: S3ObjectOptions) async throws(S3Failure) -> String {
    var request = S3Request(.createMultipartUpload, "POST", key)
    request.query = [("uploads", "")]
    request.fields = object.fields
    guard let id = try await document(request)?.text(of: "UploadId"), !id.isEmpty else {
      throw S3Failure(malformed: "UploadId")
    }
    return id
  }

  func uploadPart(
    _ number: Int, of upload: String, _ key: String, _ content: ByteBuffer
  ) async throws(S3Failure) -> S3Part {
    var request = S3Request(.uploadPart, "PUT", key)
    request.query = [("partNumber", "\(number)"), ("uploadId", upload)]
    request.body = content
    guard let etag = try await send(request).field("ETag") else { throw S3Failure(malformed: "ETag") }
    return S3Part(number: number, etag: etag)
  }

  func uploadPartCopy(
    _ number: Int, of upload: String, _ key: String, from source: S3Range
  ) async throws(S3Failure) -> S3Part {
    var request = S3Request(.uploadPartCopy, "PUT", key)
    request.query = [("partNumber", "\(number)"), ("uploadId", upload)]
    request.fields = [("x-amz-copy-source", endpoint.copySource(source.key))]
    if let bytes = source.bytes {
      request.fields.append(("x-amz-copy-source-range", "bytes=\(bytes.lowerBound)-\(bytes.upperBound)"))
    }
    guard let etag = try await document(request)?.text(of: "ETag") else { throw S3Failure(malformed: "ETag") }
    return S3Part(number: number, etag: etag)
  }

  /// Makes an object of the parts. If the answer got lost, and the upload is gone when the request is repeated, it was
  /// completed if the object exists with that size.
  func completeMultipartUpload(
    _ upload: String, _ key: String, _ parts: [S3Part], size: Int64
  ) async throws(S3Failure) {
    var document = "<CompleteMultipartUpload>"
    for part in parts.sorted(by: { $0.number < $1.number }) {
      document += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(part.etag.escapedForXML)</ETag></Part>"
    }
    document += "</CompleteMultipartUpload>"
    var request = S3Request(.completeMultipartUpload, "POST", key)
    request.query = [("uploadId", upload)]
    request.body = ByteBuffer(string: document)
    request.fields = [("Content-Type", "application/xml")]
    do {
      try await self.document(request)
    } catch  where error.code == "NoSuchUpload" {
      guard try await head(key)?.size == size else { throw error }
    }
  }

  /// Aborts a multipart upload. No error if it does not exist.
  func abortMultipartUpload(_ upload: String, _ key: String) async throws(S3Failure) {
    var request = S3Request(.abortMultipartUpload, "DELETE", key)
    request.query = [("uploadId", upload)]
    do {
      _ = try await send(request)
    } catch  where error.status == 404 {
    }
  }

  /// Copies a whole object of at most 5 GiB; false where there is none.
  func copyObject(_ source: String, to key: String, _ object: S3ObjectOptions) async throws(S3Failure) -> Bool {
    var request = S3Request(.copyObject, "PUT", key)
    request.fields = object.fields
    request.fields.append(("x-amz-copy-source", endpoint.copySource(source)))
    // S3 refuses to copy an object onto itself without a change of its metadata.
    if source == key { request.fields.append(("x-amz-metadata-directive", "REPLACE")) }
    do {
      try await document(request)
      return true
    } catch  where error.isNotFound {
      return false
    }
  }
}
