import Core

/// One page of a list.
struct S3Page: Sendable, Equatable {
  struct Object: Sendable, Equatable {
    var key: String
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
  }

  var objects: [Object] = []
  /// Common prefixes of keys that contain the delimiter after the requested prefix; they end with the delimiter.
  var prefixes: [String] = []
  /// Where the next page begins; nil: there is none.
  var next: String?

  /// The last of all names in the order of their bytes; nil where there is none.
  var greatest: String? {
    (objects.map(\.key) + prefixes).max { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

extension S3Page {
  /// From an answer to ListObjectsV2.
  init(_ document: XMLElement?, of prefix: String, after token: String?) throws(S3Failure) {
    guard let document, document.name == "ListBucketResult" else { throw S3Failure(malformed: "ListBucketResult") }
    objects = document.all("Contents").compactMap { object in
      guard let key = object.text(of: "Key"), key.hasPrefix(prefix) else { return nil }
      // An object without a valid time counts as new, so that it is not removed because of its age.
      return Object(
        key: key, size: object.text(of: "Size").flatMap { S3Sizes.object($0) } ?? 0,
        modified: object.text(of: "LastModified").flatMap { RFC3339.nanoseconds($0) } ?? WallClock.now)
    }
    prefixes = document.all("CommonPrefixes").compactMap { $0.text(of: "Prefix") }.filter { $0.hasPrefix(prefix) }
    guard document.text(of: "IsTruncated") == "true" else { return }
    next = document.text(of: "NextContinuationToken")
    guard let next, next != token else { throw S3Failure(malformed: "NextContinuationToken") }
  }
}

/// A multipart upload that was not completed.
struct S3UnfinishedUpload: Sendable, Equatable {
  var key: String
  var id: String
  /// Nanoseconds since 1970.
  var initiated: Int64
}

extension S3Client {
  /// Keys that begin with `prefix` (ListObjectsV2), in the order of their bytes.
  /// - Parameters:
  ///   - delimiter: keys that contain it after the prefix are not listed; their common part is once in `prefixes`.
  ///   - limit: 1 to 1,000.
  func page(
    of prefix: String, delimiter: String? = nil, continuing token: String? = nil, limit: Int = 1000,
    isCancellable: Bool = true
  ) async throws(S3Failure) -> S3Page {
    var request = S3Request(.listObjects, "GET")
    request.isCancellable = isCancellable
    request.query = [("list-type", "2"), ("prefix", prefix), ("max-keys", "\(limit)")]
    if let delimiter { request.query.append(("delimiter", delimiter)) }
    if let token { request.query.append(("continuation-token", token)) }
    return try S3Page(try await document(request), of: prefix, after: token)
  }

  /// All multipart uploads of keys that begin with `prefix`.
  func unfinishedUploads(of prefix: String) async throws(S3Failure) -> [S3UnfinishedUpload] {
    var uploads: [S3UnfinishedUpload] = []
    var marker: (key: String, id: String)?
    var progress = S3ListingProgress()
    while true {
      var request = S3Request(.listMultipartUploads, "GET")
      request.query = [("uploads", ""), ("prefix", prefix)]
      if let marker { request.query += [("key-marker", marker.key), ("upload-id-marker", marker.id)] }
      guard let document = try await document(request) else { throw S3Failure(malformed: "ListMultipartUploadsResult") }
      for upload in document.all("Upload") {
        guard let key = upload.text(of: "Key"), key.hasPrefix(prefix), let id = upload.text(of: "UploadId") else {
          continue
        }
        let initiated = upload.text(of: "Initiated").flatMap { RFC3339.nanoseconds($0) }
        uploads.append(S3UnfinishedUpload(key: key, id: id, initiated: initiated ?? .max))
      }
      guard document.text(of: "IsTruncated") == "true" else { return uploads }
      let next = (key: document.text(of: "NextKeyMarker") ?? "", id: document.text(of: "NextUploadIdMarker") ?? "")
      if let marker, marker == next { throw S3Failure(malformed: "NextKeyMarker") }
      try progress.passed(next.key)
      marker = next
    }
  }
}
