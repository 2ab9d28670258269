extension Configuration {
  /// `fastcgi`: the processes behind the web server. Berth's own keys.
  public struct FastCGI: Sendable, Equatable {
    /// `fastcgi.address`: where the workers listen: the path of a Unix socket, or `host:port`.
    public var address = Address.unix(path: "/run/berth/berth.sock")
    /// `fastcgi.mode`: permissions of the Unix socket.
    public var mode: UInt32 = 0o660
    /// `fastcgi.owner`: the Unix socket's owner, by name or number; nil: who starts the service.
    public var owner: String?
    /// `fastcgi.group`: the Unix socket's group, by name or number; nil: of who starts the service.
    public var group: String?
    /// `fastcgi.workers`: processes; nil: one for each core, and 1 for in-memory storage.
    public var workers: Int?
    /// `fastcgi.threads`: threads of each worker that are kept for requests whose body has arrived.
    public var threads = 32
    /// `fastcgi.maxuploads`: requests whose body a worker reads at once, each on a thread beyond `threads`
    /// where need be. One more is answered 503 with Retry-After.
    public var maxUploads = 256
    /// `fastcgi.accelprefix`: the internal location through which nginx sends files of the storage itself.
    /// Empty: workers send them.
    public var accelPrefix = "/_berth_storage"

    /// Where workers listen.
    public enum Address: Sendable, Equatable {
      /// A Unix socket.
      case unix(path: String)
      /// TCP.
      case tcp(host: String, port: UInt16)
    }
  }
}
