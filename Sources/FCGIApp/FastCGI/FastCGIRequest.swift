import CFCGI
import Core
import Glibc

/// Owns one `FCGX_Request`, and is the one place that gives libfcgi a connection which it did not accept.
///
/// `FCGX_Accept_r` waits on an idle kept connection, which would hold a thread. So connections are watched
/// elsewhere, and a ready one is put into `ipcFd` (with `keepConnection` set, or `FCGX_Accept_r` would begin by
/// closing it) of a request that has no listening socket: libfcgi then reads one request from it, and says that it
/// can't accept where the connection turns out to be unusable. Those two fields are libfcgi's own.
///
/// `@unchecked Sendable`: it is used by the one thread that serves the request. It lives on the heap because its
/// streams point back to it.
final class FastCGIRequest: @unchecked Sendable {
  private let request: UnsafeMutablePointer<FCGX_Request>
  private static let isInitialized = FCGX_Init() == 0

  /// What is to be done with the connection after an answer.
  enum Ending: Equatable {
    /// It may carry another request.
    case kept(Int32)
    /// Everything was read and written: to be closed.
    case finished(Int32)
    /// Part of the body was not read: to be closed once the web server has read the answer.
    case unread(Int32)
    /// It is closed.
    case closed
  }

  /// Ready for its first connection.
  init() {
    request = .allocate(capacity: 1)
    precondition(Self.isInitialized, "libfcgi can't be initialised")
    FCGX_InitRequest(request, -1, 0)
  }

  deinit {
    FCGX_Free(request, 1)
    request.deallocate()
  }

  /// Takes over a connection and reads a request's parameters from it.
  /// - Returns: whether there is a request to answer; where not, the connection is closed.
  func begin(on connection: Int32) -> Bool {
    request.pointee.ipcFd = connection
    request.pointee.keepConnection = 1
    // libfcgi closes a detached connection without lingering on it.
    FCGX_Detach(request)
    guard FCGX_Accept_r(request) == 0 else { return false }
    guard request.pointee.role == FCGI_RESPONDER else {
      abort()
      return false
    }
    return true
  }

  /// `NAME=value` strings, ended by nil. They last until the request is finished.
  var parameters: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { request.pointee.envp }

  /// Whether `count` more bytes of the body can be had without waiting for the client.
  func canRead(_ count: Int) -> Bool {
    guard let stream = request.pointee.in?.pointee else { return true }
    let buffered = stream.stop - stream.rdNext
    if stream.isClosed != 0 || buffered >= count { return true }
    var arrived: Int32 = 0
    return ioctl(request.pointee.ipcFd, UInt(FIONREAD), &arrived) == 0 && buffered + Int(arrived) >= count
  }

  /// Whether the web server has closed the connection, as nginx does when its client has gone.
  var isAbandoned: Bool { ConnectionSocket.isClosedByPeer(request.pointee.ipcFd) }

  /// Reads the body until `room` is full or the body ends or breaks off.
  func read(into room: UnsafeMutableRawBufferPointer) -> Int {
    guard let start = room.baseAddress else { return 0 }
    return Int(
      FCGX_GetStr(
        start.assumingMemoryBound(to: CChar.self), Int32(clamping: room.count), request.pointee.in))
  }

  /// Whether the web server said that the body is complete, and it has been read.
  var isBodyComplete: Bool {
    guard let stream = request.pointee.in else { return false }
    return stream.pointee.isClosed != 0 && FCGX_GetError(stream) == 0
  }

  /// Reads to the end of the body where what is left of it has arrived: the connection can then be kept.
  /// - Parameter remaining: bytes that the handler left; nil where nobody knows.
  func skipBody(remaining: Int64?) {
    guard let stream = request.pointee.in, stream.pointee.isClosed == 0 else { return }
    // Where nobody knows, it may be over already.
    let remaining = remaining ?? (canRead(Int(FCGI_HEADER_LEN)) ? 0 : .max)
    guard remaining <= 64 << 10, remaining == 0 || canRead(Int(remaining) + Int(FCGI_HEADER_LEN)) else { return }
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { scratch in
      var rest = Int(remaining)
      while rest > 0 {
        let count = read(into: UnsafeMutableRawBufferPointer(rebasing: scratch.prefix(rest)))
        if count <= 0 { return }
        rest -= count
      }
      // The end marker, which a web server sends with the last byte.
      _ = read(into: UnsafeMutableRawBufferPointer(rebasing: scratch.prefix(1)))
    }
  }

  /// Adds bytes to the answer. False: the web server is gone.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress else { return true }
    return FCGX_PutStr(
      start.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count), request.pointee.out) >= 0
  }

  /// Ends the answer and lets go of the connection.
  /// - Parameter keeping: whether the connection is of use any more; where not, it is closed though it could be kept.
  func finish(keeping: Bool) -> Ending {
    let isBodyComplete = isBodyComplete
    let isKept = keeping && request.pointee.keepConnection != 0
    request.pointee.keepConnection = 1
    FCGX_Finish_r(request)
    let connection = request.pointee.ipcFd
    request.pointee.ipcFd = -1
    guard connection >= 0 else { return .closed }
    if !isBodyComplete { return .unread(connection) }
    return isKept ? .kept(connection) : .finished(connection)
  }

  /// Closes the connection at once, without the record that would make the answer look complete.
  func abort() {
    FCGX_Free(request, 1)
  }
}
