import CHiredis
import CLinux
import Glibc

/// A connection to one server, closed when released.
///
/// `@unchecked Sendable`: owns hiredis' context, and one thread at a time has it, the one that took it from the pool.
final class RedisConnection: @unchecked Sendable {
  let address: RedisAddress
  private let context: UnsafeMutablePointer<redisContext>
  private let readTimeout: Duration
  private let writeTimeout: Duration
  /// Answers that are still to come.
  private var pending = 0
  /// Bytes of the answer that is being read, and of what was read with it.
  private var received = 0
  private var hasFailed = false
  private var isEncrypted = false

  /// The server's INFO, right after connecting.
  var info: RedisServerInfo?
  /// When the server last confirmed `info`.
  var confirmedAt = ContinuousClock.now
  /// When it was last given back to the pool.
  var idleSince = ContinuousClock.now

  /// Connects, and sends nothing yet.
  init(to address: RedisAddress, _ settings: RedisSettings) throws(RedisError) {
    let socket = try RedisSocket.connect(
      to: address, timeout: settings.dialTimeout, writeTimeout: settings.writeTimeout)
    guard let context = redisConnectFd(socket) else {
      close(socket)
      throw RedisError(.unavailable, "can't connect to \(address)", cause: "out of memory")
    }
    // The socket doesn't block: this class waits itself, with a deadline.
    context.pointee.flags &= ~REDIS_BLOCK
    if let reader = context.pointee.reader { RedisReplyLimit.apply(to: reader) }
    self.address = address
    self.context = context
    readTimeout = settings.readTimeout
    writeTimeout = settings.writeTimeout
    // No TLS over a Unix socket: the data do not leave the machine.
    guard let tls = settings.tls, case .tcp(let host, _) = address else { return }
    isEncrypted = true
    do throws(RedisError) {
      try tls.begin(on: context, host: host, until: .now + settings.readTimeout)
    } catch {
      throw fail(error.code, "can't connect to \(address)", cause: error.description)
    }
  }

  deinit {
    if !isClean { RedisSocket.abortOnClose(context.pointee.fd) }
    redisFree(context)
  }

  /// Whether it can be used again: nothing failed, and no answer is left to come.
  var isClean: Bool { !hasFailed && pending == 0 }

  /// Whether the server has neither closed it nor sent anything since it was last used.
  var isQuiet: Bool {
    // TLS may send data that are no answers.
    var entry = pollfd(fd: context.pointee.fd, events: Int16(isEncrypted ? Int32(BERTH_POLLRDHUP) : POLLIN), revents: 0)
    return poll(&entry, 1, 0) == 0
  }

  /// Sends all of the commands, however many; as many answers are then to be received.
  func send(_ commands: some Sequence<RedisCommand>) throws(RedisError) {
    for command in commands {
      pending += 1
      let status = command.encoded.withUnsafeBytes {
        redisAppendFormattedCommand(context, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
      }
      guard status == REDIS_OK else { throw failure() }
    }
    var isDone: Int32 = 0
    while true {
      guard redisBufferWrite(context, &isDone) == REDIS_OK else { throw failure() }
      if isDone != 0 { return }
      guard RedisSocket.wait(context.pointee.fd, for: POLLOUT, until: ContinuousClock.now + writeTimeout) else {
        throw fail(.timeout, "\(address) took no more commands within \(writeTimeout)")
      }
    }
  }

  /// The answer to the next of the commands that were sent.
  func receive() throws(RedisError) -> RedisReply {
    let deadline = ContinuousClock.now + readTimeout
    while true {
      if let reply = try parsed() { return reply }
      guard RedisSocket.wait(context.pointee.fd, for: POLLIN, until: deadline) else {
        throw fail(.timeout, "\(address) did not answer within \(readTimeout)")
      }
      let before = context.pointee.reader.pointee.len
      guard redisBufferRead(context) == REDIS_OK else { throw failure() }
      received += max(0, context.pointee.reader.pointee.len - before)
      guard received <= RedisReplyLimit.bytes else {
        throw fail(.protocolError, "\(address) sent an answer of more than \(RedisReplyLimit.bytes) bytes")
      }
    }
  }

  /// Marks the connection as failed after an invalid answer: it is closed, not given back to the pool.
  func fail(_ code: RedisError.Code, _ message: String, cause: String? = nil) -> RedisError {
    hasFailed = true
    return RedisError(code, message, cause: cause)
  }

  private func parsed() throws(RedisError) -> RedisReply? {
    var pointer: UnsafeMutableRawPointer?
    guard redisGetReplyFromReader(context, &pointer) == REDIS_OK else { throw failure() }
    guard let pointer else { return nil }
    defer { freeReplyObject(pointer) }
    guard let reply = RedisReply(pointer.assumingMemoryBound(to: redisReply.self)) else {
      throw fail(.protocolError, "\(address) sent an answer of an unknown kind")
    }
    let reader = context.pointee.reader.pointee
    received = max(0, reader.len - reader.pos)
    pending -= 1
    return reply
  }

  /// The error of hiredis's last call.
  private func failure() -> RedisError {
    let code = errno
    let text = withUnsafeBytes(of: context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    switch context.pointee.err {
    case REDIS_ERR_IO:
      return fail(code == ETIMEDOUT ? .timeout : .unavailable, "lost the connection to \(address)", cause: text)
    case REDIS_ERR_PROTOCOL, REDIS_ERR_OOM:
      return fail(.protocolError, "\(address) sent what is not Redis' protocol", cause: text)
    default:
      return fail(.unavailable, "lost the connection to \(address)", cause: text)
    }
  }
}
