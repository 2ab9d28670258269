/// Whether this build can speak TLS with Redis.
public enum RedisTLSSupport {
  #if HIREDIS_SSL
    /// Whether the hiredis that this build was made with can do TLS (1.0 and later; Debian 12's can't).
    public static let isAvailable = true
  #else
    /// Whether the hiredis that this build was made with can do TLS (1.0 and later; Debian 12's can't).
    public static let isAvailable = false
  #endif
}
