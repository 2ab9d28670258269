/// The client and kind of a GET for which the driver may return a URL. HEAD and conditional requests never reach the
/// driver.
public struct DownloadRequest: Sendable, Equatable {
  /// The client's address as the web server saw it (`REMOTE_ADDR`), in whatever form it gave: not checked. What a
  /// client claims in `X-Forwarded-For` is in it only where the web server was told to trust it (nginx:
  /// `set_real_ip_from`).
  public var clientAddress: String
  /// Whether the web server fetches the bytes and forwards them, so that clients do not see the URL
  /// (`storage.redirect.disable`).
  public var isByWebServer: Bool

  /// From a client; an empty address is one that isn't known.
  public init(clientAddress: String, isByWebServer: Bool = false) {
    self.clientAddress = clientAddress
    self.isByWebServer = isByWebServer
  }
}
