import Core

/// The nginx configuration for a registry's configuration.
///
/// The files in `nginx/` are its output for the default configuration; tests compare them.
struct NginxConfiguration {
  /// The parts that can be printed.
  enum Part: String, CaseIterable {
    /// A whole nginx.conf.
    case complete
    /// Directives for `http`, with the registry's server: a file for sites-enabled.
    case site
    /// Directives for `http` that `server` needs.
    case http
    /// Directives for an existing `server`.
    case server
    /// The server to which middleware `redirect` sends clients: a file for sites-enabled, on any machine that has the
    /// storage's files.
    case download
  }

  private let configuration: Configuration
  private let names: NginxNames
  /// User that nginx's workers run as; nil: no user directive. It needs access to the storage and to the registry's
  /// socket.
  private let user: String?

  init(configuration: Configuration, user: String? = nil) {
    self.configuration = configuration
    names = NginxNames(configuration)
    self.user = user
  }

  private var errorPages: NginxErrorPages {
    get throws(NginxError) { try NginxErrorPages(names, headers: configuration.http.headers) }
  }

  /// The text of a part. Throws where nginx can't express the configuration.
  func text(_ part: Part) throws(NginxError) -> String {
    switch part {
    case .complete: try complete()
    case .site: Self.siteComment + (try site(accessLog: "/var/log/nginx/\(names.base).log \(names.base)"))
    case .http: Self.httpComment + (try http())
    case .server: Self.serverComment + (try server())
    case .download: try NginxDownloadHost(configuration).text
    }
  }

  private static let siteComment = """
    # nginx for Berth: a server of its own, for /etc/nginx/sites-enabled. Change names, certificates, the storage's
    # folder (alias) and the workers' socket (upstream), or have it made for a configuration:
    #
    #     berth nginx --part site CONFIG


    """

  private static let httpComment = """
    # nginx for Berth, 1 of 2: what belongs in the http block, such as /etc/nginx/conf.d/berth-http.conf. To have it
    # made for a configuration:
    #
    #     berth nginx --part http CONFIG


    """

  private static let serverComment = """
    # nginx for Berth, 2 of 2: locations, to include in a server block that is there already. They need what is in
    # berth-http.conf. To have them made for a configuration:
    #
    #     berth nginx --part server CONFIG
    #
    # nginx's workers must be able to read the storage's folder and to write to the workers' socket (fastcgi.group).
    # For requests with hundreds of tags in the URL, add to the server: large_client_header_buffers 2 32k;


    """

  /// All paths are relative to nginx's prefix (-p), so that it runs without privileges.
  private func complete() throws(NginxError) -> String {
    """
    # nginx for Berth, complete. Logs, temporary files and the process id go to the folder given with -p:
    #
    #     nginx -p FOLDER -c THIS-FILE

    \(user.map { "user \($0);\n" } ?? "")worker_processes auto;
    worker_rlimit_nofile 8192;
    pid nginx.pid;
    error_log stderr warn;

    events {
        worker_connections 4096;
    }

    http {
        client_body_temp_path client_temp;
        fastcgi_temp_path fastcgi_temp;
        proxy_temp_path proxy_temp;
        scgi_temp_path scgi_temp;
        uwsgi_temp_path uwsgi_temp;

    \(try site(accessLog: "access.log \(names.base) buffer=64k flush=1s").indented)
    }

    """
  }

  private func site(accessLog: String) throws(NginxError) -> String {
    let listeners = try NginxListeners(configuration.http, sessions: names.base)
    let errors = try errorPages
    return """
      \(try http())
      \(listeners.redirect)server {
      \(listeners.text.indented)
          server_tokens off;
          access_log \(accessLog);

          # A line of up to 32 KiB: lists of a few hundred tags or digests in one URL, and long tokens. More than two of
          # them would not fit in the one record that FastCGI has for a request's header.
          large_client_header_buffers 2 32k;

      \(errors.server.indented)

      \(try server().indented)
      \(errors.serverLocations.indented)
          # For load balancers, as docker/distribution has it.
          location = / {
              add_header Cache-Control no-cache;
              return 200;
          }

          location / {
              return 404;
          }
      }

      """
  }

  private func http() throws(NginxError) -> String {
    """
    \(try NginxWorkers(configuration, names).http)
    \(try NginxObjectStore(configuration, names)?.http() ?? "")\(try errorPages.maps)
    log_format \(names.base) '$remote_addr - $remote_user [$time_iso8601] "$request" $status $body_bytes_sent '
                     '"$http_user_agent" $request_time $upstream_response_time $request_id';

    """
  }

  private func server() throws(NginxError) -> String {
    let v2 = configuration.http.prefix + "v2"
    let workers = try NginxWorkers(configuration, names)
    let errors = try errorPages
    let api = api(workers)
    return """
      location = \(v2) {
          absolute_redirect off;
          return 301 \(v2)/;
      }

      # All of the API is in this location, so that an access rule written here or around it holds for every request.
      location \(v2)/ {
      \(api.indented)
      \(workers.errorPages.indented)
      }

      \(workers.locations(api: api, errors: errors))\(try NginxStorageLocation(configuration, names).text)\
      \(errors.locations)
      """
  }

  /// The variable with the address by which a proxy is trusted (`http.trustedproxies`), also if nginx takes the
  /// client's address from the proxy.
  private var peer: String {
    configuration.http.trustedProxies.isEmpty ? "" : "\nfastcgi_param PEER_ADDR $realip_remote_addr;"
  }

  /// The directives of the API's location, without error pages.
  private func api(_ workers: NginxWorkers) -> String {
    """
    \(workers.pass)
    fastcgi_send_timeout 300s;
    # Closing an upload of many gigabytes may take long.
    fastcgi_read_timeout 900s;
    fastcgi_buffer_size 16k;
    # The longest answer fits, so that no worker waits for a slow client.
    fastcgi_buffers 320 16k;
    fastcgi_max_temp_file_size 0;

    # All that a worker looks at, beside the header fields, which nginx adds.
    fastcgi_param REQUEST_METHOD $request_method;
    fastcgi_param REQUEST_URI $request_uri;
    fastcgi_param REQUEST_SCHEME $scheme;
    fastcgi_param REQUEST_ID $request_id;
    fastcgi_param REMOTE_ADDR $remote_addr;\(peer)
    fastcgi_param SERVER_PROTOCOL $server_protocol;
    fastcgi_param CONTENT_TYPE $content_type if_not_empty;
    fastcgi_param CONTENT_LENGTH $content_length if_not_empty;
    # A Proxy field from a client must not become a proxy.
    fastcgi_param HTTP_PROXY "" if_not_empty;

    # Bodies of any size go to the worker as they arrive. It bounds those that it keeps in memory.
    fastcgi_request_buffering off;
    client_max_body_size 0;
    client_body_buffer_size 512k;

    keepalive_requests 100000;
    gzip off;
    """
  }
}

/// A part of the configuration that nginx can't express.
struct NginxError: Error {
  /// The key that causes it, such as `http.tls.clientcas`.
  let key: String
  let message: String
  let remedy: String

  init(_ key: String, _ message: String, remedy: String) {
    self.key = key
    self.message = message
    self.remedy = remedy
  }
}

/// The value of a key, quoted for nginx. Throws where it contains something that nginx would read as a variable, or a
/// new line.
func nginxQuoted(_ text: String, of key: String) throws(NginxError) -> String {
  guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "$") }), !text.isEmpty else {
    throw NginxError(
      key, "nginx has no way to write \(text.debugDescription)",
      remedy: "choose something that is not empty, without $ and control characters")
  }
  let isPlain = text.unicodeScalars.allSatisfy { scalar in
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "-", "_", ":", "[", "]", "@", "+", ",", "=", "%": true
    default: false
    }
  }
  return isPlain ? text : "\"\(text.escaping("\"\\"))\""
}

extension String {
  /// With every line indented by four spaces; empty lines stay empty.
  var indented: String {
    let lines = split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { $0.isEmpty ? "" : "    " + $0 }.joined(separator: "\n")
  }

  /// With a backslash before each of these scalars. Compares scalars, not characters: a combining mark would make
  /// another character of one.
  func escaping(_ special: String) -> String {
    var escaped = UnicodeScalarView()
    for scalar in unicodeScalars {
      if special.unicodeScalars.contains(scalar) { escaped.append("\\") }
      escaped.append(scalar)
    }
    return String(escaped)
  }
}
