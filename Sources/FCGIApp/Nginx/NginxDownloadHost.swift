import Core

/// The server from which clients get blobs if middleware `redirect` sends them there with signed URLs.
struct NginxDownloadHost {
  let text: String

  /// Throws where the configuration has no such server.
  init(_ configuration: Configuration) throws(NginxError) {
    guard case .filesystem(let filesystem) = configuration.storage.driver else {
      throw NginxError("storage", "a download host serves files", remedy: "use storage.filesystem")
    }
    let redirects = (configuration.middleware?.storage ?? []).filter { !$0.disabled }.compactMap { named in
      if case .redirect(let options) = named.kind { options } else { nil }
    }
    guard let redirect = redirects.last, let base = redirect.baseURL, !redirect.secret.isEmpty else {
      throw NginxError(
        "middleware.storage", "a download host serves URLs that the registry has signed",
        remedy: "add `{name: redirect, options: {baseurl: https://…, secret: …}}`")
    }
    let name = NginxNames(configuration).base + "_download"
    let listeners = try NginxListeners(Self.listening(configuration.http, at: base.url), sessions: name)
    text = """
      \(Self.comment)# The log shows no signatures: $uri has no query.
      log_format \(name) '$remote_addr - $remote_user [$time_iso8601] "$request_method $uri $server_protocol" '
                                '$status $body_bytes_sent "$http_user_agent" $request_time';

      \(listeners.redirect)server {
      \(listeners.text.indented)
          server_tokens off;
          access_log /var/log/nginx/\(name).log \(name);

          # No file but blobs, and of these the content alone.
          location / {
              return 404;
          }

      \(try Self.location(filesystem, base, redirect.secret).indented)}

      """
  }

  private static let comment = """
    # nginx for Berth's downloads, for /etc/nginx/sites-enabled on a machine that has the storage's folder (alias). It
    # contains the secret, so let only root and nginx read it (chmod 640). You can also put the last location into a
    # server that you have. To print it for a configuration:
    #
    #     berth nginx --part download CONFIG


    """

  /// The registry's listeners, with the address and the name of `url`.
  private static func listening(_ http: Configuration.HTTP, at url: WebURL) -> Configuration.HTTP {
    var http = http
    let isAddress = url.authority.host.utf8.allSatisfy { byte in
      byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    let host = url.authority.host
    http.address = .tcp(host: isAddress || host.contains(":") ? host : "", port: url.port)
    http.host = url.origin
    // The certificate is for another name, so use the path where certbot puts it.
    http.tls.certificate = ""
    http.tls.clientCAs = []
    http.tls.letsEncrypt.hosts = url.scheme == .https ? [host] : []
    return http
  }

  private static func location(
    _ filesystem: Configuration.Filesystem, _ base: BaseURL, _ secret: Secret
  ) throws(NginxError) -> String {
    var root = filesystem.rootDirectory
    while root.hasSuffix("/") { root.removeLast() }
    let blobs =
      #"(?<berth_path>/docker/registry/v2/blobs/(?<berth_algorithm>[a-z0-9]+)/[0-9a-f]{2}/(?<berth_hex>[0-9a-f]+)/data)$"#
    let path = base.path.escaping(#"\^$.|?*+()[]{}"#)
    return """
      location ~ \(try nginxQuoted("^" + path, of: "middleware.storage", andThen: blobs)) {
          # Good for this path until it expires, and nothing else.
          secure_link $arg_md5,$arg_expires;
          secure_link_md5 "$secure_link_expires$uri \(secret.value)";
          if ($secure_link = "") {
              return 403;
          }
          if ($secure_link = "0") {
              return 410;
          }

          alias \(try nginxQuoted(root, of: "storage.filesystem.rootdirectory", andThen: "$berth_path"));
          \(try filesystem.nginxSymlinks)
          sendfile on;
          sendfile_max_chunk 2m;
          tcp_nopush on;
          gzip off;
          log_not_found off;

          # A blob never changes; its file's time does.
          types {}
          default_type application/octet-stream;
          etag off;
          if_modified_since off;
          add_header ETag '"$berth_algorithm:$berth_hex"';
          add_header Last-Modified "";
          add_header Cache-Control max-age=31536000;
          add_header X-Content-Type-Options nosniff;
      }

      """
  }
}

/// A quoted value: text, followed by an expression of nginx.
private func nginxQuoted(_ text: String, of key: String, andThen rest: String) throws(NginxError) -> String {
  // An empty text can't be quoted.
  guard !text.isEmpty else { return "\"\(rest)\"" }
  let quoted = try nginxQuoted(text, of: key)
  return quoted.hasSuffix("\"") ? "\(quoted.dropLast())\(rest)\"" : "\"\(quoted)\(rest)\""
}
