import HTTPTypes

/// Pages for nginx's own errors, in the OCI format (distribution spec, "Error Codes"). Workers' answers are not
/// changed.
struct NginxErrorPages {
  private let names: NginxNames
  /// Directives for every error, beside its status and body.
  let common: String

  /// - Parameter headers: the fields of every answer.
  init(_ names: NginxNames, headers: HTTPFields) throws(NginxError) {
    self.names = names
    var common = """
      \(NginxStorageLocation.open)
      # The body of the request that failed is no reason for another error.
      client_max_body_size 0;
      default_type application/json;
      add_header Docker-Distribution-API-Version registry/2.0 always;
      add_header X-Request-Id $request_id always;
      add_header Retry-After $\(names.base)_retry_after always;
      add_header Allow $\(names.base)_allow always;
      add_header Cache-Control no-store always;
      """
    for field in headers { common += "\n" + (try Self.addition(of: field)) }
    self.common = common
  }

  private static let errors: [(status: Int, code: String, message: String)] = [
    (400, "UNKNOWN", "the request is malformed"),
    (401, "UNAUTHORIZED", "authentication required"),
    (403, "DENIED", "requested access to the resource is denied"),
    (404, "NAME_UNKNOWN", "there is nothing at this path"),
    (405, "UNSUPPORTED", "the method is not offered"),
    (408, "UNKNOWN", "the request took too long to arrive"),
    (411, "SIZE_INVALID", "the length of the body is missing"),
    (412, "UNKNOWN", "the blob is not the one that the condition names"),
    (413, "SIZE_INVALID", "the body is larger than anything that belongs here"),
    (414, "NAME_INVALID", "the URL is too long"),
    (421, "UNKNOWN", "the request was sent to the wrong server"),
    (429, "TOOMANYREQUESTS", "too many requests"),
    (431, "UNKNOWN", "the header is too long"),
    (500, "UNKNOWN", "the web server failed"),
    (501, "UNSUPPORTED", "the transfer encoding is unknown"),
    (502, "UNAVAILABLE", "the registry is not running, or did not answer"),
    (503, "UNAVAILABLE", "service unavailable"),
    (504, "UNAVAILABLE", "the registry did not answer in time"),
    (505, "UNSUPPORTED", "the version of HTTP is not supported"),
  ]

  /// The statuses for `error_page`, without `others`, which have pages of their own.
  static func statuses(without others: Set<Int> = []) -> String {
    errors.map(\.status).filter { !others.contains($0) }.map(String.init).joined(separator: " ")
  }

  /// The bodies by status, for `http`.
  var maps: String {
    let lines = Self.errors.map { "    \($0.status) '\(Self.body($0.code, $0.message))';" }
    return """
      map $status $\(names.base)_error {
          default '\(Self.body("UNKNOWN", "unknown error"))';
      \(lines.joined(separator: "\n"))
      }

      map $status $\(names.base)_retry_after {
          default "";
          ~^50[234]$ 5;
      }

      # Methods that nginx knows and no resource has (RFC 9110, section 15.5.6).
      map $status $\(names.base)_allow {
          default "";
          405 "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
      }

      # FastCGI has one record of 65535 bytes for a header, and each field has `HTTP_` before its name: one of a byte, as
      # in HTTP/2, becomes eight. To what does not fit nginx says 500, before it has tried a worker.
      map "$upstream_response_time:$request_length" $\(names.base)_is_too_long {
          default "";
          "~^:([89][0-9]{3}|[0-9]{5,})$" 1;
      }

      """
  }

  /// The named locations that answer errors.
  var locations: String {
    """
    # The status is that of the error, not the 500 that stands here.
    location @\(names.base)_error {
    \(common.indented)
        return 500 $\(names.base)_error;
    }

    # A client certificate that is missing or not accepted: nginx would say 400.
    location @\(names.base)_certificate {
    \(common.indented)
        return 403 '\(Self.body("DENIED", "a client certificate that the server trusts is required"))';
    }

    # nginx itself failed, or a header is too long for FastCGI.
    location @\(names.base)_failed {
    \(common.indented)
        if ($\(names.base)_is_too_long) {
            return 431 '\(Self.body(for: 431))';
        }
        return 500 '\(Self.body(for: 500))';
    }

    """
  }

  /// Directives of the registry's own server for errors outside the API.
  var server: String {
    """
    error_page \(Self.statuses(without: Self.withoutURI)) @\(names.base)_error;
    # A request line that can't be read has no URI, which a named location needs.
    error_page \(Self.withoutURI.sorted().map(String.init).joined(separator: " ")) \(names.errorPath);
    # 431, where nginx would say 400.
    error_page 494 =431 @\(names.base)_error;
    error_page 495 496 = @\(names.base)_certificate;
    error_page 497 = @\(names.base)_plain;
    """
  }

  /// The locations of errors outside the API.
  var serverLocations: String {
    """
    # HTTP where TLS is spoken.
    location @\(names.base)_plain {
    \(common.indented)
        return 400 '\(Self.body("UNKNOWN", "the port is one for https"))';
    }

    location = \(names.errorPath) {
        internal;
    \(common.indented)
        return 500 $\(names.base)_error;
    }

    """
  }

  /// Errors that a request line may be refused with.
  private static let withoutURI: Set<Int> = [400, 414, 505]

  /// The directive that adds a field of `http.headers` to every answer.
  static func addition(of field: HTTPField) throws(NginxError) -> String {
    let name = field.name.rawName
    return "add_header \(name) \(try nginxQuoted(field.value, of: "http.headers.\(name)")) always;"
  }

  static func body(for status: Int) -> String {
    errors.first { $0.status == status }.map { body($0.code, $0.message) } ?? ""
  }

  /// A body; neither text has a character that would need escaping.
  static func body(_ code: String, _ message: String) -> String {
    #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#
  }
}
