extension Configuration {
  /// `http`: the registry as its clients see it.
  public struct HTTP: Sendable, Equatable {
    /// `http.addr`: where the web server listens, for `berth nginx`.
    public var address = ":5000"
    /// `http.host`: scheme and host of the URLs that the registry gives out; nil: as the client called it.
    public var host: String?
    /// `http.prefix`: the path that everything lies under; begins and ends with `/`.
    public var prefix = "/"
    /// `http.secret`: signs upload states. Empty: the supervisor makes a random one for its workers.
    public var secret = ""
    /// `http.relativeurls`: whether Location is relative. Berth's default, unlike distribution's, is true.
    public var relativeURLs = true
    /// `http.draintimeout`: how long requests in flight may take once the service stops.
    public var drainTimeout = Duration.seconds(30)
    /// `http.manifestmaxage`: how long a manifest that was asked for by digest may be kept by caches. Berth's own.
    public var manifestMaxAge = Duration.seconds(168 * 3600)
    /// `http.headers`: added to every answer.
    public var headers: [(name: String, values: [String])] {
      get { headerList.map { ($0.name, $0.values) } }
      set { headerList = newValue.map { Header(name: $0.name, values: $0.values) } }
    }
    private var headerList: [Header] = []

    private struct Header: Sendable, Equatable {
      var name: String
      var values: [String]
    }
  }
}
