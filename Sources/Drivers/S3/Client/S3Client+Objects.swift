import Core
import NIOCore
import Synchronization

/// What HEAD reports about an object.
struct S3ObjectHead: Sendable, Equatable {
  /// Bytes.
  var size: Int64
  /// Nanoseconds since 1970, in whole seconds; nil where the store reports no time, or an impossible one.
  var modified: Int64?
  /// With its quotes.
  var etag: String
  /// Berth's own metadata (`noteField`).
  var note: String?
  /// The store's time when it answered, in nanoseconds since 1970.
  var now: Int64
}

extension S3ObjectHead {
  /// User metadata under which ``note`` is kept.
  static let noteField = "x-amz-meta-berth"

  init(_ response: HTTPTransportResponse) throws(S3Failure) {
    guard let size = response.field("Content-Length").flatMap({ S3Sizes.object($0) }) else {
      throw S3Failure(malformed: "Content-Length")
    }
    self.size = size
    etag = response.field("ETag") ?? ""
    note = response.field(Self.noteField)
    now = response.field("Date").flatMap { HTTPDate.parse($0) } ?? WallClock.now
    modified = response.field("Last-Modified").flatMap { HTTPDate.parse($0) }
  }

  /// For removals by age: an object without a time counts as new.
  var youngestModified: Int64 { modified ?? now }
}

/// The condition under which a PUT replaces an object (RFC 9110, section 13.1).
enum S3PutCondition {
  case always
  /// `If-None-Match: *`
  case ifAbsent
  /// `If-Match`
  case ifMatches(String)
}

extension S3Client {
  /// nil where there is no such object.
  func head(_ key: String, isCancellable: Bool = true) async throws(S3Failure) -> S3ObjectHead? {
    var request = S3Request(.headObject, "HEAD", key)
    request.isCancellable = isCancellable
    return try await unlessAbsent { () async throws(S3Failure) in try S3ObjectHead(try await send(request)) }
  }

  /// A small object, whole; nil where there is none. Longer than `limit` bytes: `.tooLong`.
  func get(
    _ key: String, limit: Int, isCancellable: Bool = true
  ) async throws(S3Failure) -> (head: S3ObjectHead, content: ByteBuffer)? {
    var request = S3Request(.getObject, "GET", key)
    request.isCancellable = isCancellable
    return try await unlessAbsent { () async throws(S3Failure) in
      let (response, body) = try await collect(request, limit: limit)
      return (try S3ObjectHead(response), body)
    }
  }

  /// An object from `offset` on; if `etag` is given, only if the object still has that tag.
  func open(_ key: String, from offset: Int64, etag: String?) async throws(S3Failure) -> HTTPTransportResponse? {
    var request = S3Request(.getObject, "GET", key)
    if offset > 0 { request.fields.append(("Range", "bytes=\(offset)-")) }
    if let etag { request.fields.append(("If-Match", etag)) }
    return try await unlessAbsent { () async throws(S3Failure) in try await send(request) }
  }

  /// Writes an object.
  /// - Returns: its entity tag.
  @discardableResult
  func put(
    _ key: String, _ content: ByteBuffer, _ object: S3ObjectOptions, condition: S3PutCondition = .always,
    note: String? = nil, isCancellable: Bool = false
  ) async throws(S3Failure) -> String {
    var request = S3Request(.putObject, "PUT", key)
    request.isCancellable = isCancellable
    request.body = content
    request.fields = object.fields
    if let note { request.fields.append((S3ObjectHead.noteField, note)) }
    switch condition {
    case .always: break
    case .ifAbsent: request.fields.append(("If-None-Match", "*"))
    case .ifMatches(let etag): return try await put(request, ifMatches: etag)
    }
    return try await send(request).field("ETag") ?? ""
  }

  /// For radosgw of Ceph 16, which compares the tag in the condition, with quotes, to one without, so that none
  /// matches.
  private func put(_ request: S3Request, ifMatches etag: String) async throws(S3Failure) -> String {
    let bare = etag.filter { $0 != "\"" }
    var quoted = request
    quoted.fields.append(("If-Match", "\"\(bare)\""))
    var unquoted = request
    unquoted.fields.append(("If-Match", bare))
    if comparesBareTags.load(ordering: .relaxed) { return try await send(unquoted).field("ETag") ?? "" }
    do {
      return try await send(quoted).field("ETag") ?? ""
    } catch  where error.isConditionFailed {
      let response = try await send(unquoted)
      comparesBareTags.store(true, ordering: .relaxed)
      return response.field("ETag") ?? ""
    }
  }

  /// Removes an object. No error if it does not exist.
  func delete(_ key: String) async throws(S3Failure) {
    _ = try await unlessAbsent { () async throws(S3Failure) in try await send(S3Request(.deleteObject, "DELETE", key)) }
  }

  /// Removes objects, at most 1,000 in one call.
  func delete(_ keys: [String]) async throws(S3Failure) {
    guard !keys.isEmpty else { return }
    var body = "<Delete><Quiet>true</Quiet>"
    for key in keys { body += "<Object><Key>\(key.escapedForXML)</Key></Object>" }
    body += "</Delete>"
    var request = S3Request(.deleteObjects, "POST")
    request.query = [("delete", "")]
    request.body = ByteBuffer(string: body)
    request.fields = [("Content-Type", "application/xml")]
    if let checksum = ContentMD5.field(of: body) { request.fields.append(("Content-MD5", checksum)) }
    // Some may be left: radosgw reports an error for objects that another request removes at the same time.
    let left = try await document(request)?.all("Error").compactMap { $0.text(of: "Key") } ?? []
    for key in left { try await delete(key) }
  }

  /// Runs `body`; nil where it fails because the object does not exist.
  func unlessAbsent<Answer>(
    _ body: () async throws(S3Failure) -> Answer?
  ) async throws(S3Failure) -> Answer? {
    do {
      return try await body()
    } catch  where error.isNotFound {
      return nil
    }
  }
}

/// Options of `storage.s3` that apply to every object that is written.
struct S3ObjectOptions: Sendable {
  /// For requests that make an object.
  var fields: [(name: String, value: String)] = []

  init(_ configuration: Configuration.S3) {
    if configuration.storageClass != "NONE" { fields.append(("x-amz-storage-class", configuration.storageClass)) }
    if configuration.objectACL != "private" { fields.append(("x-amz-acl", configuration.objectACL)) }
    guard configuration.encrypt else { return }
    fields.append(("x-amz-server-side-encryption", configuration.keyID.isEmpty ? "AES256" : "aws:kms"))
    if !configuration.keyID.isEmpty {
      fields.append(("x-amz-server-side-encryption-aws-kms-key-id", configuration.keyID))
    }
  }
}
