extension Configuration {
  /// `fastcgi`: the processes behind the web server. Berth's own keys.
  public struct FastCGI: Sendable, Equatable {
    /// Where workers listen.
    public typealias Address = Configuration.Address

    /// `fastcgi.address`: where the workers listen: the path of a Unix socket, or `host:port`. Where the key is
    /// absent and `http.net` is `unix`, it is `http.addr`.
    public var address = Address.unix(path: "/run/berth/berth.sock")
    /// `fastcgi.upstreams`: where nginx finds the workers, where that is not `address`: those of each of several hosts
    /// over one storage.
    public var upstreams: [Address] = []
    /// `fastcgi.mode`: permissions of the Unix socket, in octal.
    public var mode: UInt32 = 0o660
    /// `fastcgi.owner`: the Unix socket's owner, by name or number; nil: who starts the service.
    public var owner: String?
    /// `fastcgi.group`: the Unix socket's group, by name or number; nil: of who starts the service.
    public var group: String?
    /// `fastcgi.workers`: processes; nil: one for each core, and 1 for in-memory storage.
    public var workers: Int?
    /// `fastcgi.threads`: threads of each worker that are kept for requests which wait for no client.
    public var threads = 32
    /// `fastcgi.maxuploads`: requests whose body a worker reads at once, or whose content it sends itself, each on a
    /// thread beyond `threads` where need be. One more is answered 503 with Retry-After.
    public var maxUploads = 256
    /// `fastcgi.accelprefix`: the internal location through which nginx sends what is in the storage itself: files,
    /// or, where clients are not to be sent there (`storage.redirect.disable`), what it fetches from an object store.
    /// Empty: workers send it. Where the key is absent, it is `_berth_storage` below `http.prefix`.
    public var accelPrefix = "/_berth_storage"
    /// `fastcgi.resolver`: DNS servers that nginx asks for the object store's addresses as they change. Empty: it
    /// looks them up when it starts and when it is reloaded, and keeps connections open.
    public var resolver: [String] = []
    /// `fastcgi.blobcache`: where nginx keeps what it has fetched from an object store; nil: nowhere.
    public var blobCache: BlobCache?

    /// The defaults.
    public init() {}
  }
}

extension Configuration.FastCGI: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.value("address", &address)
    if keys.isReading || !upstreams.isEmpty { keys.value("upstreams", &upstreams) }
    for (key, address) in [("address", address)] + upstreams.map({ ("upstreams", $0) }) {
      guard case .tcp(let host, let port) = address, host.isEmpty || port == 0 else { continue }
      keys.report(
        .error, key, "\(address.text) names no host and port that the web server could call",
        remedy: "give both, such as 127.0.0.1:9000")
    }
    var permissions = OctalMode(bits: mode)
    keys.value("mode", &permissions)
    mode = permissions.bits
    keys.value("owner", &owner)
    keys.value("group", &group)
    keys.integer("workers", &workers, in: 1...1024)
    keys.integer("threads", &threads, in: 1...1024)
    keys.integer("maxuploads", &maxUploads, in: 1...16384)
    keys.value("accelprefix", &accelPrefix)
    if !accelPrefix.isEmpty, !isPlainPath(accelPrefix) || accelPrefix.hasSuffix("/") {
      keys.report(
        .error, "accelprefix", "\(accelPrefix) is no path of a location",
        remedy: "begin it with a slash, end it without, and use letters, digits, -, _, . and ~")
    }
    if keys.isReading || !resolver.isEmpty { keys.value("resolver", &resolver) }
    for server in resolver where !isHostAndPort(server) {
      keys.report(
        .error, "resolver", "\(server) is no server's address",
        remedy: "give addresses such as 10.0.0.2, 10.0.0.2:53 or [fd00::2]")
    }
    keys.section("blobcache", &blobCache)
  }
}

/// Whether a path begins with a slash and needs no encoding in a URL, quoting in a configuration, or
/// normalising: neither empty segments nor `.` and `..`.
func isPlainPath(_ path: String) -> Bool {
  guard path.hasPrefix("/") else { return false }
  let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
  return segments.indices.allSatisfy { index in
    let segment = segments[index]
    if segment.isEmpty { return index == segments.endIndex - 1 }
    return segment != "." && segment != ".."
      && segment.unicodeScalars.allSatisfy { scalar in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "~": true
        default: false
        }
      }
  }
}

/// Whether a text has nothing but what addresses, names and ports are made of.
private func isHostAndPort(_ text: String) -> Bool {
  !text.isEmpty
    && text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", ".", ":", "[", "]": true
      default: false
      }
    }
}

/// Permissions: `0660`, `0o660`, or quoted `"660"`.
private struct OctalMode: ConfigurationValue {
  static let expectation = "permissions in octal with a leading zero, such as 0660"
  var bits: UInt32

  init(bits: UInt32) { self.bits = bits }

  init?(_ node: YAMLNode) {
    guard let scalar = node.scalar,
      let number = scalar.isString ? Int64(scalar.text, radix: 8) : scalar.integer,
      let bits = UInt32(exactly: number), bits <= 0o777
    else { return nil }
    self.bits = bits
  }

  var content: YAMLNode.Content? {
    .scalar(YAMLScalar(text: "0" + String(bits, radix: 8), isString: false))
  }
}
