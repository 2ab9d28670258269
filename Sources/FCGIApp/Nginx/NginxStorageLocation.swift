import Core
import HTTPTypes

/// The internal location from which nginx sends blobs, after a worker has sent `X-Accel-Redirect`.
struct NginxStorageLocation {
  /// Empty where the storage has neither files nor an object store for nginx, or workers should send blobs themselves.
  let text: String

  init(_ configuration: Configuration, _ names: NginxNames) throws(NginxError) {
    if let store = try NginxObjectStore(configuration, names) {
      text = try store.location() + Self.errors(configuration, names)
    } else if case .filesystem(let filesystem) = configuration.storage.driver,
      !configuration.fastcgi.accelPrefix.isEmpty
    {
      text = try Self.files(filesystem, configuration, names) + Self.errors(configuration, names)
    } else {
      text = ""
    }
  }

  /// Directives that switch off the server's access rules here: the request has passed those of the API's location, and
  /// the server's are not meant for the internal path.
  static let open = """
    # Whether the client has access was decided before it was led here.
    allow all;
    auth_basic off;
    auth_request off;
    """

  /// The location that sends files from the disk.
  private static func files(
    _ filesystem: Configuration.Filesystem, _ configuration: Configuration, _ names: NginxNames
  ) throws(NginxError) -> String {
    var root = filesystem.rootDirectory
    while root.hasSuffix("/") { root.removeLast() }
    let lost = try LostHeaders(configuration.http.headers)
    var headers = lost.names.map { "add_header \($0.name) $upstream_http_\($0.variable) always;" }
    headers += lost.additions
    return """
      # Blobs, sent from the disk without passing through a worker. No client reaches this by itself.
      location ^~ \(configuration.fastcgi.accelPrefix)/ {
          internal;
      \(Self.open.indented)
          alias \(try nginxQuoted(root + "/", of: "storage.filesystem.rootdirectory"));
          \(try filesystem.nginxSymlinks)

          sendfile on;
          sendfile_max_chunk 2m;
          tcp_nopush on;
          gzip off;
          # A blob never changes, and a worker has just found it: at the worst a file that was deleted meanwhile
          # stays open a little longer.
          open_file_cache max=200 inactive=20s;
          open_file_cache_valid 20s;
          open_file_cache_errors off;

          # The worker has answered conditional requests, and named type, entity tag and lifetime.
          etag off;
          if_modified_since off;
          types {}
          default_type application/octet-stream;
      \(headers.joined(separator: "\n").indented)
          add_header Last-Modified "";

          error_page \(NginxErrorPages.statuses(without: [403, 404])) @\(names.base)_error;
          # A file that is not there, or not for nginx to read.
          error_page 404 @\(names.base)_blob_unknown;
          error_page 403 =500 @\(names.base)_error;
          error_page 416 @\(names.base)_range_invalid;
      }


      """
  }

  /// Errors of the location's own.
  private static func errors(_ configuration: Configuration, _ names: NginxNames) throws(NginxError) -> String {
    """
    location @\(names.base)_blob_unknown {
    \(try NginxErrorPages(names, headers: configuration.http.headers).common.indented)
        return 404 '\(NginxErrorPages.body("BLOB_UNKNOWN", "blob unknown to registry"))';
    }

    # Has the blob's header fields already.
    location @\(names.base)_range_invalid {
    \(Self.open.indented)
        default_type application/json;
        return 416 '\(NginxErrorPages.body("RANGE_INVALID", "the range lies outside the blob"))';
    }


    """
  }
}

extension Configuration.Filesystem {
  /// The directive for symbolic links below the root: nginx follows them if the workers do. The root itself may be one.
  var nginxSymlinks: String {
    get throws(NginxError) {
      if followSymlinks { return "disable_symlinks off;" }
      var root = rootDirectory
      while root.hasSuffix("/"), root != "/" { root.removeLast() }
      return "disable_symlinks on \(try nginxQuoted("from=" + root, of: "storage.filesystem.rootdirectory"));"
    }
  }
}

/// Fields of the worker's answer that an internal redirect would lose.
struct LostHeaders {
  /// Fields by their names in answers and in variables.
  private(set) var names: [(name: String, variable: String)] = []
  /// Directives for fields with several values. A variable would have only the first value.
  private(set) var additions: [String] = []

  /// Beside the registry's own fields those of `http.headers`.
  init(_ configured: HTTPFields) throws(NginxError) {
    var lost: [HTTPField.Name] = [.dockerContentDigest, .eTag, .dockerDistributionAPIVersion, .xRequestID]
    let usual: [HTTPField.Name] = [.xContentTypeOptions, .strictTransportSecurity]
    // nginx keeps these by itself, and would send them twice.
    let kept: [HTTPField.Name] = [
      .contentType, .contentDisposition, .acceptRanges, .setCookie, .cacheControl, .expires,
    ]
    for name in usual + configured.map(\.name) where !lost.contains(name) && !kept.contains(name) {
      lost.append(name)
    }
    for name in lost {
      let fields = configured[fields: name]
      if fields.count > 1 {
        for field in fields { additions.append(try NginxErrorPages.addition(of: field)) }
      } else {
        names.append((name.rawName, String(name.canonicalName.map { $0 == "-" ? "_" : $0 })))
      }
    }
  }
}
