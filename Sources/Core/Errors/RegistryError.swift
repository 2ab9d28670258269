public import HTTPTypes

/// Why a request failed: everything that the OCI error format needs (distribution spec, "Error Codes").
public struct RegistryError: Error, CustomStringConvertible {
  /// What clients switch on, with its usual status and message.
  public struct Code: Sendable, Hashable {
    /// The code in the error form.
    public let name: String
    /// The usual status.
    public let status: HTTPResponse.Status
    /// The usual message.
    public let message: String

    /// A code of the spec, or one of our own.
    public init(_ name: String, _ status: HTTPResponse.Status, _ message: String) {
      self.name = name
      self.status = status
      self.message = message
    }
  }

  /// One entry of the error form's list. Its texts may hold what the client sent, so they are cut to a bounded length.
  public struct Entry: Sendable {
    /// What clients switch on.
    public let code: Code
    /// What a person reads.
    public let message: String
    /// What it is about, for `detail`: names and values.
    public let detail: [String: String]

    /// The longest message, and the longest value in `detail`, in bytes: a repository's name and a digest fit.
    static let maximumLength = 512

    /// With the code's usual message where none is given.
    public init(_ code: Code, _ message: String? = nil, detail: [String: String] = [:]) {
      self.code = code
      self.message = (message ?? code.message).cut(to: Entry.maximumLength)
      self.detail = detail.mapValues { $0.cut(to: Entry.maximumLength) }
    }
  }

  /// Never empty, and never more than `maximumEntries`.
  public private(set) var entries: [Entry]
  /// How many entries more there would be.
  public private(set) var omitted = 0
  /// The answer's status.
  public var status: HTTPResponse.Status
  /// Fields that the answer carries: `Allow`, `Retry-After`, `Range`, …
  public var fields: HTTPFields
  /// For the log, not for the client: what the storage said.
  public var cause: String?

  /// One entry, with the code's usual message and status where none is given.
  public init(
    _ code: Code, _ message: String? = nil, detail: [String: String] = [:], status: HTTPResponse.Status? = nil,
    fields: HTTPFields = [:], cause: String? = nil
  ) {
    self.entries = [Entry(code, message, detail: detail)]
    self.status = status ?? code.status
    self.fields = fields
    self.cause = cause
  }

  /// Maximum number of entries: some clients print all of them, and the answer is in memory until the client has read
  /// it.
  public static let maximumEntries = 100

  /// Several entries; the first gives the status.
  /// - Parameter omitted: how many there would be beyond those.
  public init(_ first: Entry, _ others: [Entry], omitted: Int = 0) {
    let kept = others.prefix(RegistryError.maximumEntries - 1)
    self.entries = [first] + kept
    self.omitted = omitted + others.count - kept.count
    self.status = first.code.status
    self.fields = [:]
  }

  /// For the log.
  public var description: String {
    let others = entries.count - 1 + omitted
    let text = "\(entries[0].code.name): \(entries[0].message)" + (others == 0 ? "" : ", and \(others) more")
    return cause.map { "\(text) (\($0))" } ?? text
  }
}

extension RegistryError.Code {
  /// No such blob in the repository.
  public static let blobUnknown = Self("BLOB_UNKNOWN", .notFound, "blob unknown to registry")
  /// An upload that broke or was asked for the impossible.
  public static let blobUploadInvalid = Self("BLOB_UPLOAD_INVALID", .badRequest, "blob upload invalid")
  /// No such upload.
  public static let blobUploadUnknown = Self("BLOB_UPLOAD_UNKNOWN", .notFound, "blob upload unknown to registry")
  /// A digest that is malformed, unsupported, or not that of the content.
  public static let digestInvalid = Self(
    "DIGEST_INVALID", .badRequest, "provided digest did not match uploaded content")
  /// A manifest that names content which is not in the repository.
  public static let manifestBlobUnknown = Self(
    "MANIFEST_BLOB_UNKNOWN", .badRequest, "manifest references a manifest or blob unknown to registry")
  /// A manifest that is not what it says.
  public static let manifestInvalid = Self("MANIFEST_INVALID", .badRequest, "manifest invalid")
  /// No such manifest.
  public static let manifestUnknown = Self("MANIFEST_UNKNOWN", .notFound, "manifest unknown to registry")
  /// A name outside the grammar.
  public static let nameInvalid = Self("NAME_INVALID", .badRequest, "invalid repository name")
  /// No such repository.
  public static let nameUnknown = Self("NAME_UNKNOWN", .notFound, "repository name not known to registry")
  /// An `n` that is no number of entries.
  public static let paginationNumberInvalid = Self(
    "PAGINATION_NUMBER_INVALID", .badRequest, "invalid number of results requested")
  /// A condition of the request (RFC 9110, section 13) does not hold.
  public static let preconditionFailed = Self(
    "PRECONDITION_FAILED", .preconditionFailed, "the content is not what the request's condition names")
  /// A range that does not continue what is there.
  public static let rangeInvalid = Self("RANGE_INVALID", .rangeNotSatisfiable, "invalid content range")
  /// A length that is not that of the content.
  public static let sizeInvalid = Self(
    "SIZE_INVALID", .badRequest, "provided length did not match content length")
  /// A tag outside the grammar.
  public static let tagInvalid = Self("TAG_INVALID", .badRequest, "invalid tag")
  /// Credentials are needed.
  public static let unauthorized = Self("UNAUTHORIZED", .unauthorized, "authentication required")
  /// The credentials do not reach that far.
  public static let denied = Self("DENIED", .forbidden, "requested access to the resource is denied")
  /// The operation is not offered, or switched off.
  public static let unsupported = Self("UNSUPPORTED", .methodNotAllowed, "the operation is unsupported")
  /// The client should slow down.
  public static let tooManyRequests = Self("TOOMANYREQUESTS", .tooManyRequests, "too many requests")
  /// The service cannot answer now.
  public static let unavailable = Self("UNAVAILABLE", .serviceUnavailable, "service unavailable")
  /// A fault of the registry itself.
  public static let unknown = Self("UNKNOWN", .internalServerError, "unknown error")
}
