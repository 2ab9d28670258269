import CFCGI
import CLinux
import Core
import Glibc

/// The body of a request (FCGI_STDIN records), read from its connection.
///
/// Replaces libfcgi's reader, which answers management records between those of a body (in a buffer for three values,
/// and with an assertion that fails for large lengths), reads only 8 KiB at a time, and loses its position at a
/// timeout. This reader accepts only the body, and reads no byte beyond it, which may belong to the next request.
final class StandardInput {
  /// How far the body has been read.
  enum State {
    case open
    /// The record that ends it was read.
    case ended
    /// The connection ended or failed, or something other than the body arrived.
    case broken
  }

  private(set) var state = State.ended
  private var connection: Int32 = -1
  private var requestID: UInt16 = 0
  /// What libfcgi has read beyond the parameters. In its memory, which is valid until ``leaveLibrary()``.
  private var ahead = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Bytes of the present record that have not been read.
  private var content = 0
  private var padding = 0
  /// Whether the present record is the one that ends the body.
  private var isLast = false
  /// The present record's padding and the next one's header, as far as they have arrived.
  private let between: UnsafeMutableRawPointer
  private var gathered = 0
  /// Whether blocking reads of this body have a timeout.
  private var isBounded = false

  private static let recordLength = 8
  /// Padding and header.
  private static let longestBetween = 255 + recordLength
  /// Reads that time out in a row (see ``ConnectionSocket/boundReads(of:)``) before a body counts as broken off. That is
  /// ten minutes, longer than web servers wait for a client (nginx's `client_body_timeout` is one minute).
  private static let patience = 120

  init() {
    between = .allocate(byteCount: Self.longestBetween, alignment: 8)
  }

  deinit {
    between.deallocate()
  }

  /// Begins with the body of a request whose parameters libfcgi has read.
  /// - Parameter ahead: what it has read of the connection beyond them.
  func begin(_ connection: Int32, requestID: UInt16, ahead: UnsafeRawBufferPointer) {
    self.connection = connection
    self.requestID = requestID
    self.ahead = ahead
    state = .open
    content = 0
    padding = 0
    isLast = false
    gathered = 0
    isBounded = false
  }

  /// Reads until `room` is full or the body ends or breaks off.
  ///
  /// A client counts as slow only if a read finds nothing. The number of bytes that have arrived does not show it,
  /// because records have headers and padding around their content.
  /// - Parameter isAllowedToWait: called once, before the first wait for the client.
  /// - Returns: the bytes of content that arrived, and whether the read ended early because it was not allowed to wait.
  func read(
    into room: UnsafeMutableRawBufferPointer, isAllowedToWait: () -> Bool
  ) -> (count: Int, isRefused: Bool) {
    var count = 0
    var timeouts = 0
    var flags = Int32(MSG_DONTWAIT)
    while state == .open, count < room.count {
      if let piece = receive(UnsafeMutableRawBufferPointer(rebasing: room[count...]), flags: flags) {
        count += piece
        timeouts = 0
      } else if flags != 0 {
        guard isAllowedToWait() else { return (count, true) }
        if !isBounded { ConnectionSocket.boundReads(of: connection) }
        isBounded = true
        flags = 0
      } else {
        timeouts += 1
        if timeouts == Self.patience { state = .broken }
      }
    }
    return (count, false)
  }

  /// Discards what libfcgi has read ahead, before its memory is freed.
  func leaveLibrary() {
    // Small enough for the stack: mostly there is only the record that ends an empty body.
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { room in
      while state == .open, !ahead.isEmpty { _ = receive(room, flags: 0) }
    }
    // A web server sends nothing after a body before it has the answer.
    if !ahead.isEmpty { state = .broken }
    ahead = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// How long ``skipRest(within:limit:isAllowedToWait:)`` waits without permission: long enough for a web server to
  /// notice the answer while it forwards a body, and short for the blocked thread.
  private static let grace = Duration.milliseconds(500)

  /// Discards the rest of the body after the answer is complete, up to its end or that of the connection. The web
  /// server closes the connection if it has not sent the whole body, and may send another request on it if it has. So
  /// one of the two happens at once, however slow the client is.
  ///
  /// Closing the connection while the web server still writes to it would lose the answer: the web server's write
  /// fails, and its client gets 502. So a short wait needs no permission.
  /// - Parameter isAllowedToWait: called before each wait; if it returns false, the wait is a short one.
  func skipRest(within patience: Duration, limit: Int = 64 << 20, isAllowedToWait: () -> Bool) {
    let begun = ContinuousClock.now
    let deadline = begun + patience
    var rest = limit
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { room in
      while state == .open {
        if let piece = receive(room, flags: Int32(MSG_DONTWAIT)) {
          rest -= piece
        } else {
          var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
          let end = isAllowedToWait() ? deadline : min(deadline, begun + Self.grace)
          let left = end - ContinuousClock.now
          guard left > .zero else { state = .broken; return }
          // At least 1 ms, because with 0 the rest of a millisecond would be a busy loop.
          _ = poll(&entry, 1, max(1, Int32(clamping: left.milliseconds)))
        }
        if rest < 0 || ContinuousClock.now >= deadline, state == .open { state = .broken }
      }
    }
  }

  /// One read.
  /// - Returns: the bytes of content that arrived; nil where nothing arrived in time.
  private func receive(_ room: UnsafeMutableRawBufferPointer, flags: Int32) -> Int? {
    let wanted = min(content, room.count)
    // The same call reads the padding and the next header, if they have arrived.
    let missing = wanted == content ? padding + (isLast ? 0 : Self.recordLength) - gathered : 0
    guard let count = fill(room, wanted, missing, flags) else { return nil }
    guard count > 0 else {
      state = .broken
      return 0
    }
    let delivered = min(count, wanted)
    content -= delivered
    gathered += count - delivered
    if count == wanted + missing, content == 0 { beginRecord() }
    return delivered
  }

  /// - Returns: bytes that were read; 0 at the end or where the connection failed, nil where nothing has arrived.
  private func fill(_ room: UnsafeMutableRawBufferPointer, _ wanted: Int, _ missing: Int, _ flags: Int32) -> Int? {
    let rest = UnsafeMutableRawBufferPointer(start: between + gathered, count: missing)
    if !ahead.isEmpty {
      let first = ahead.prefix(wanted)
      room.copyBytes(from: first)
      let second = ahead.dropFirst(wanted).prefix(missing)
      rest.copyBytes(from: second)
      ahead = UnsafeRawBufferPointer(rebasing: ahead.dropFirst(first.count + second.count))
      return first.count + second.count
    }
    return withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { parts in
      parts[0] = iovec(iov_base: room.baseAddress, iov_len: wanted)
      parts[1] = iovec(iov_base: rest.baseAddress, iov_len: missing)
      var message = msghdr()
      message.msg_iov = parts.baseAddress
      message.msg_iovlen = 2
      while true {
        let count = recvmsg(connection, &message, flags)
        if count >= 0 { return count }
        if errno == EAGAIN { return nil }
        if errno != EINTR { return 0 }
      }
    }
  }

  /// Call it when the present record is over and the next one's header has arrived.
  private func beginRecord() {
    if isLast {
      state = .ended
      return
    }
    let header = UnsafeRawBufferPointer(start: between + padding, count: Self.recordLength)
    guard header[0] == 1, header[1] == FCGI_STDIN, UInt16(header[2]) << 8 | UInt16(header[3]) == requestID else {
      state = .broken
      return
    }
    content = Int(header[4]) << 8 | Int(header[5])
    padding = Int(header[6])
    gathered = 0
    isLast = content == 0
    if isLast && padding == 0 { state = .ended }
  }
}
