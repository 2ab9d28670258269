import CHiredis
import Core
import Glibc

#if HIREDIS_SSL
  /// Shared by a client's TLS connections: the trusted authorities, and the client's certificate.
  ///
  /// `@unchecked Sendable`: owns OpenSSL's context, which any number of threads may use once it is set up.
  final class RedisTLS: @unchecked Sendable {
    private let context: OpaquePointer

    /// Reads the files. Throws `.misconfigured`, with the key, where that fails.
    init(_ configuration: Configuration.RedisTLS) throws(RedisError) {
      guard let context = SSL_CTX_new(TLS_client_method()) else {
        throw RedisTLS.error("redis.tls: TLS can't be set up")
      }
      self.context = context
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
      if configuration.rootCAs.isEmpty { SSL_CTX_set_default_verify_paths(context) }
      for (key, files) in [("rootcas", configuration.rootCAs), ("clientcas", configuration.clientCAs)] {
        for file in files {
          guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
            throw RedisTLS.error("redis.tls.\(key): can't read certificates from \(file)")
          }
        }
      }
      guard !configuration.certificate.isEmpty || !configuration.key.isEmpty else { return }
      guard SSL_CTX_use_certificate_chain_file(context, configuration.certificate) == 1 else {
        throw RedisTLS.error("redis.tls.certificate: can't read a certificate from '\(configuration.certificate)'")
      }
      guard SSL_CTX_use_PrivateKey_file(context, configuration.key, SSL_FILETYPE_PEM) == 1 else {
        throw RedisTLS.error("redis.tls.key: can't read the certificate's key from '\(configuration.key)'")
      }
    }

    deinit {
      SSL_CTX_free(context)
    }

    /// Starts TLS on a connection; the server must have a certificate for `host`.
    func begin(
      on connection: UnsafeMutablePointer<redisContext>, host: String, until deadline: ContinuousClock.Instant
    ) throws(RedisError) {
      guard let session = SSL_new(context) else { throw RedisTLS.error("TLS can't be set up") }
      let isNumeric = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
      if !isNumeric {
        SSL_set1_host(session, host)
        // SSL_set_tlsext_host_name, which is a macro.
        var name = Array(host.utf8CString)
        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
      }
      // From here on the session belongs to the connection, unless this fails.
      guard redisInitiateSSL(connection, session) == REDIS_OK else {
        defer { SSL_free(session) }
        throw RedisTLS.failure(session)
      }
      while true {
        let status = SSL_do_handshake(session)
        if status == 1 { return }
        let reason = SSL_get_error(session, status)
        guard reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE else { throw RedisTLS.failure(session) }
        let events = reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT
        guard RedisSocket.wait(connection.pointee.fd, for: events, until: deadline) else {
          throw RedisError(.timeout, "\(host) did not come to terms on TLS in time")
        }
      }
    }

    private static func failure(_ session: OpaquePointer) -> RedisError {
      let verification = SSL_get_verify_result(session)
      guard verification != X509_V_OK else { return error("the server speaks no TLS that we can", .refused) }
      ERR_clear_error()
      return RedisError(
        .refused, "the server's certificate can't be trusted (redis.tls.rootcas)",
        cause: String(cString: X509_verify_cert_error_string(verification)))
    }

    /// An error with OpenSSL's reason for the last failure on this thread.
    private static func error(_ message: String, _ code: RedisError.Code = .misconfigured) -> RedisError {
      let number = ERR_peek_last_error()
      ERR_clear_error()
      return RedisError(code, message, cause: ERR_reason_error_string(number).map { String(cString: $0) })
    }
  }
#else
  /// For builds without TLS.
  final class RedisTLS: Sendable {
    /// Throws `.misconfigured`: without TLS the password would cross the network in the clear.
    init(_ configuration: Configuration.RedisTLS) throws(RedisError) {
      throw RedisError(
        .misconfigured, "redis.tls: this build's hiredis has no TLS, which came with version 1.0",
        cause:
          "remove redis.tls and reach Redis over a Unix socket, a trusted network or a TLS tunnel such as stunnel, or build Berth where hiredis is newer"
      )
    }

    func begin(
      on connection: UnsafeMutablePointer<redisContext>, host: String, until deadline: ContinuousClock.Instant
    ) throws(RedisError) {}
  }
#endif
