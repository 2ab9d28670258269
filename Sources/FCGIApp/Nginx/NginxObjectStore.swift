import Core
import Drivers
import HTTPTypes

/// How nginx fetches blobs from an object store, after a worker has sent `X-Accel-Redirect` with a presigned URL.
struct NginxObjectStore {
  private let endpoint: S3Endpoint
  private let s3: Configuration.S3
  private let configuration: Configuration
  private let names: NginxNames

  /// nil where nginx fetches nothing.
  init?(_ configuration: Configuration, _ names: NginxNames) throws(NginxError) {
    guard configuration.webServerFetches, case .s3(let s3) = configuration.storage.driver else { return nil }
    do throws(StorageError) {
      endpoint = try S3Endpoint(s3)
    } catch {
      // The message is the key.
      throw NginxError(error.message, error.cause ?? "it names no host", remedy: "correct it")
    }
    self.s3 = s3
    self.configuration = configuration
    self.names = names
  }

  /// Directives for `http`.
  func http() throws(NginxError) -> String {
    var text = ""
    if configuration.fastcgi.resolver.isEmpty {
      let port = endpoint.port ?? (endpoint.scheme == "https" ? 443 : 80)
      text += """
        # The object store. Its addresses are those that its name has when nginx starts or is reloaded. Where they
        # change, as Amazon's do, name your DNS servers in fastcgi.resolver: they are then asked all along, but each
        # fetch makes a connection of its own.
        upstream \(names.base)_objects {
            server \(try nginxQuoted("\(endpoint.host):\(port)", of: "storage.s3"));
            keepalive 32;
            keepalive_timeout 15s;
        }


        """
    }
    if let cache = configuration.fastcgi.blobCache {
      let path = try nginxQuoted(cache.path, of: "fastcgi.blobcache.path")
      text += """
        # Pieces of blobs, by the digest of the content, which never changes.
        proxy_cache_path \(path) levels=1:2 keys_zone=\(names.base)_blobs:16m max_size=\(cache.size)
                         inactive=365d use_temp_path=off;

        # Kept is only what has the range, the size and the length that a worker named: the piece that was asked for, in
        # full, or the last one.
        map "$slice_range|$upstream_http_content_range|$upstream_http_content_length|$\(names.base)_last_piece" \
        $\(names.base)_is_wrong {
            volatile;
            default 1;
            "~^bytes=([0-9]+-[0-9]+)[|]bytes \\1/([0-9]+)[|]\(cache.slice.bytes)[|]bytes [0-9-]+/\\2 [0-9]+$" "";
            "~^bytes=([0-9]+)-[0-9]+[|](bytes \\1-[0-9]+/[0-9]+)[|]([0-9]+)[|]\\2 \\3$" "";
        }


        """
    }
    return text
  }

  /// The location.
  func location() throws(NginxError) -> String {
    let lost = try LostHeaders(configuration.http.headers)
    let kept = lost.names.map { "set $berth_\($0.variable) $upstream_http_\($0.variable);" }.joined(separator: "\n")
    let variables = lost.names.map { "add_header \($0.name) $berth_\($0.variable) always;" }
    let added = (variables + lost.additions).joined(separator: "\n")
    let hidden = Self.hiddenHeaders.map { "proxy_hide_header \($0);" }.joined(separator: "\n")
    let statuses = configuration.fastcgi.blobCache == nil ? "416 " : ""
    let body = """
      internal;
      \(NginxStorageLocation.open)
      # What the worker said, before the object store says something else. Path and query are as it signed them.
      set $berth_object $upstream_http_x_berth_object;
      set $berth_range $upstream_http_x_berth_range;
      \(lastPiece)\(kept)

      \(try connection())

      # Nothing of the client's request goes there: its token, its conditions and its ranges were for the worker.
      proxy_method GET;
      proxy_pass_request_headers off;
      proxy_pass_request_body off;
      proxy_http_version 1.1;
      proxy_set_header Host \(try nginxQuoted(endpoint.hostField, of: "storage.s3"));
      proxy_set_header Connection "";
      \(try range())
      proxy_connect_timeout 10s;
      proxy_read_timeout 60s;
      proxy_next_upstream error timeout;
      proxy_buffer_size 16k;
      proxy_buffers 16 64k;
      proxy_busy_buffers_size 256k;
      proxy_max_temp_file_size 0;
      gzip off;

      # The worker has answered conditional requests, and named type, entity tag and lifetime.
      if_modified_since off;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Redirect X-Accel-Expires
                           X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
      proxy_headers_hash_max_size 1024;
      proxy_headers_hash_bucket_size 128;
      \(hidden)
      \(added)

      # An object that is not there; or a store that is not well, or does not take the signature.
      proxy_intercept_errors on;
      error_page 404 @\(names.base)_blob_unknown;
      error_page 300 301 302 303 304 305 307 308 400 401 403 405 406 408 409 410 411 412 413 414 415 \(statuses)\
      429 500 501 502 503 504 505 =503 @\(names.base)_error;\(statuses.isEmpty ? "\nerror_page 416 @\(names.base)_range_invalid;" : "")
      """
    return """
      # Blobs, fetched from the object store without passing through a worker. No client reaches this by itself.
      location ^~ \(configuration.fastcgi.accelPrefix)/ {
      \(body.indented)
      }


      """
  }

  private var lastPiece: String {
    guard configuration.fastcgi.blobCache != nil else { return "" }
    return "set $\(names.base)_last_piece $upstream_http_x_berth_last_piece;\n"
  }

  /// Directives for the connection to the store, and for verifying its certificate.
  private func connection() throws(NginxError) -> String {
    var text = ""
    if configuration.fastcgi.resolver.isEmpty {
      text = "proxy_pass \(endpoint.scheme)://\(names.base)_objects$berth_object;"
    } else {
      text = """
        resolver \(configuration.fastcgi.resolver.joined(separator: " "));
        resolver_timeout 5s;
        proxy_pass \(endpoint.scheme)://\(endpoint.hostField)$berth_object;
        """
    }
    guard endpoint.scheme == "https" else { return text }
    text += """

      proxy_ssl_name \(try nginxQuoted(endpoint.host, of: "storage.s3"));
      proxy_ssl_server_name on;
      proxy_ssl_protocols TLSv1.2 TLSv1.3;

      """
    if s3.skipVerify { return text + "proxy_ssl_verify off;" }
    return text + """
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 5;
      # Debian's. Here, too, belongs a certificate authority of one's own.
      proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
      """
  }

  /// Directives for the range that is requested, and for the cache.
  private func range() throws(NginxError) -> String {
    guard let cache = configuration.fastcgi.blobCache else {
      return """
        proxy_set_header Range $berth_range;
        add_header Accept-Ranges bytes;
        """
    }
    return """
      # Pieces that all ranges share, fetched once. A worker has let each request through that gets here.
      slice \(cache.slice);
      proxy_set_header Range $slice_range;
      proxy_cache \(names.base)_blobs;
      proxy_cache_key "$uri $slice_range $\(names.base)_last_piece";
      proxy_cache_valid 206 365d;
      proxy_no_cache $\(names.base)_is_wrong;
      proxy_cache_lock on;
      proxy_cache_lock_age 60s;
      proxy_cache_lock_timeout 60s;
      """
  }

  /// Fields of the store's answer that clients must not get, also those that Berth sends itself.
  private static let hiddenHeaders = [
    "Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type",
    "ETag", "Expires", "Last-Modified", "Set-Cookie", "Vary", "Via", "Age", "X-Cache", "Strict-Transport-Security",
    "Content-Security-Policy", "X-Content-Type-Options", "X-XSS-Protection", "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers", "X-Request-Id", "X-Amz-Request-Id", "X-Amz-Id-2", "X-Amzn-RequestId",
    "X-Amz-Content-Sha256", "X-Amz-Version-Id", "X-Amz-Delete-Marker", "X-Amz-Expiration", "X-Amz-Restore",
    "X-Amz-Storage-Class",
    "X-Amz-Replication-Status", "X-Amz-Tagging-Count", "X-Amz-Mp-Parts-Count", "X-Amz-Missing-Meta",
    "X-Amz-Website-Redirect-Location", "X-Amz-Server-Side-Encryption",
    "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
    "X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Object-Lock-Legal-Hold",
    "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Sha1",
    "X-Amz-Checksum-Sha256", "X-Amz-Checksum-Type", "X-Amz-Bucket-Region", "X-Amz-Request-Charged", "X-Amz-Cf-Id",
    "X-Amz-Cf-Pop", "X-Rgw-Object-Type", "X-Minio-Deployment-Id", "X-Ratelimit-Limit", "X-Ratelimit-Remaining",
  ]
}
