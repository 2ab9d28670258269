import Core

/// How nginx reaches the workers, and what it does if one of them fails.
///
/// A request that may have been executed is never sent again, unless it only reads: another client may have written in
/// between, and its write would be lost. By default, nginx repeats PUT and DELETE (`fastcgi_next_upstream`; only POST
/// and PATCH are excluded), also over a kept connection to the same server.
struct NginxWorkers {
  private let names: NginxNames
  private let servers: [String]

  init(_ configuration: Configuration, _ names: NginxNames) throws(NginxError) {
    self.names = names
    let upstreams = configuration.fastcgi.upstreams
    var servers: [String] = []
    for address in upstreams.isEmpty ? [configuration.fastcgi.address] : upstreams {
      let text =
        switch address {
        case .unix(let path): "unix:" + path
        case .tcp: address.text
        }
      servers.append(try nginxQuoted(text, of: upstreams.isEmpty ? "fastcgi.address" : "fastcgi.upstreams"))
    }
    self.servers = servers
  }

  private var areOnSeveralHosts: Bool { servers.count > 1 }

  /// Directives for `http`.
  var http: String { areOnSeveralHosts ? severalHosts : oneHost }

  private var oneHost: String {
    """
    # What only reads goes over kept connections, and is sent again where one of them turns out to be closed. POST without
    # a body goes over them, too; nginx never sends it again. There is no other server to pass a request on to, and none
    # to give up on.
    upstream \(names.base) {
        server \(servers[0]) max_fails=0;
        keepalive 64;
        keepalive_requests 100000;
    }

    # Everything else has a connection of its own, so that nginx never sends it twice.
    upstream \(names.base)_writes {
        server \(servers[0]) max_fails=0;
    }

    map "$request_method $content_length$http_transfer_encoding" $\(names.base)_workers {
        default \(names.base)_writes;
        "GET " \(names.base);
        "HEAD " \(names.base);
        "OPTIONS " \(names.base);
        "POST " \(names.base);
        "POST 0" \(names.base);
    }

    """
  }

  private var severalHosts: String {
    let lines = servers.map { "    server \($0) max_fails=1 fail_timeout=30s;\n" }
    let others = servers.count - 1
    let last = servers.map { "    server \($0) max_fails=0 backup;\n" }
    return """
      # Workers on several hosts. A host that fails is left alone for fail_timeout, then one request tries it again; where
      # all have failed, each is tried all the same (backup). Connections are not kept: over one to a host that has
      # vanished, a request would wait for the read timeout.
      upstream \(names.base) {
          zone \(names.base) 128k;
      \(lines.joined())\(last.joined())}

      # What is done with a request that could not be sent, or whose answer broke off. It is sent to another host where it
      # only reads, or where no byte of it was sent and it has no body, of which nginx may have passed on a part; to as
      # many as there are.
      map "$request_method $server_protocol $content_length $http_transfer_encoding,$upstream_bytes_sent" \
      $\(names.base)_after_502 {
          volatile;
          default @\(names.base)_unavailable;
          "~^(GET|HEAD|OPTIONS) [^ ]+ 0? ,([0-9]+(, | : )){0,\(others)}[0-9]+$" @\(names.base)_elsewhere;
          "~^(DELETE [^ ]+ 0?|[A-Z]+ [^ ]+ 0|[A-Z]+ HTTP/1[.][01] ) ,(0(, | : )){0,\(others)}0$" @\(names.base)_elsewhere;
      }

      """
  }

  /// Directives by which the API's location passes requests to the workers.
  var pass: String {
    guard areOnSeveralHosts else {
      return """
        fastcgi_pass $\(names.base)_workers;
        fastcgi_keep_conn on;
        fastcgi_next_upstream error timeout;
        fastcgi_connect_timeout 10s;
        """
    }
    return """
      fastcgi_pass \(names.base);
      # For the record that ends an answer: one that breaks off is not taken for whole.
      fastcgi_keep_conn on;
      # Only where connecting takes too long: every other timeout is longer than this one.
      fastcgi_next_upstream timeout;
      fastcgi_next_upstream_timeout 10s;
      fastcgi_connect_timeout 2s;
      """
  }

  /// Directives for nginx's own errors in the API's location.
  var errorPages: String {
    let all = NginxErrorPages.statuses(without: areOnSeveralHosts ? [500, 502] : [500])
    let text = """
      error_page \(all) @\(names.base)_error;
      error_page 495 496 = @\(names.base)_certificate;
      error_page 500 = @\(names.base)_failed;
      """
    guard areOnSeveralHosts else { return text }
    return text + "\nerror_page 502 = $\(names.base)_after_502;\nrecursive_error_pages on;"
  }

  /// Further locations to which the API's location sends requests.
  /// - Parameter api: the directives of the API's location, without error pages.
  func locations(api: String, errors: NginxErrorPages) -> String {
    guard areOnSeveralHosts else { return "" }
    return """
      # A request that another host is to answer.
      location @\(names.base)_elsewhere {
      \(NginxStorageLocation.open.indented)
      \(api.indented)
      \(errorPages.indented)
      }

      location @\(names.base)_unavailable {
      \(errors.common.indented)
          return 502 '\(NginxErrorPages.body(for: 502))';
      }


      """
  }
}
