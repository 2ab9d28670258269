/// Who asks for a file's bytes, for whoever decides where they are had from. Always a GET: HEAD and conditional requests
/// are answered before anybody is sent away.
public struct DownloadRequest: Sendable, Equatable {
  /// The client's address as the web server saw it (`REMOTE_ADDR`), in whatever form it gave: not checked. What a client
  /// claims in `X-Forwarded-For` is in it only where the web server was told to trust it (nginx: `set_real_ip_from`).
  public var clientAddress: String
  /// Whether it is the web server that fetches the bytes and sends them on, so that no client sees where from
  /// (`storage.redirect.disable`).
  public var isByWebServer: Bool

  /// From a client; an empty address is one that isn't known.
  public init(clientAddress: String, isByWebServer: Bool = false) {
    self.clientAddress = clientAddress
    self.isByWebServer = isByWebServer
  }
}
