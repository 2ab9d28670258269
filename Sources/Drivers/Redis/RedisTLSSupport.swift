/// Whether this build can speak TLS with Redis.
public enum RedisTLSSupport {
  /// Whether the hiredis that this build was made with can do TLS. Debian 12's can't.
  public static let isAvailable = false

  /// Throws `.misconfigured` where TLS is asked for in vain, since the password would cross the network in the clear.
  static func check() throws(RedisError) {
    guard !isAvailable else { return }
    throw RedisError(
      .misconfigured, "redis.tls: this build's hiredis has no TLS",
      cause: "remove redis.tls and reach Redis over a Unix socket, a trusted network, or a TLS tunnel such as stunnel")
  }
}
