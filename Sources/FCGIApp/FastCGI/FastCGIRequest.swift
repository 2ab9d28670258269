import CFCGI
import Core
import Glibc

/// Owns one `FCGX_Request`, and gives libfcgi connections that it did not accept itself. The only place that does.
///
/// `FCGX_Accept_r` would block a thread on an idle kept connection. So epoll watches the connections, and a ready one
/// is put into `ipcFd` of a request without a listening socket (with `keepConnection` set, or `FCGX_Accept_r` would
/// close it). libfcgi then reads one request from it, and reports that it can't accept if the connection is unusable.
/// This relies on internals of libfcgi: these two fields, and its reader's position, from which ``StandardInput``
/// continues.
///
/// `@unchecked Sendable`: it is used by the one thread that serves the request. It lives on the heap because its
/// streams point back to it.
final class FastCGIRequest: @unchecked Sendable {
  private let request: UnsafeMutablePointer<FCGX_Request>
  /// The body.
  let input = StandardInput()
  private static let isInitialized = FCGX_Init() == 0

  /// What is to be done with the connection after an answer.
  enum Ending: Equatable {
    /// It may carry another request.
    case kept(Int32)
    /// Everything was read and written: close it.
    case finished(Int32)
    /// It is closed already.
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
    // libfcgi closes a detached connection without waiting for the peer.
    FCGX_Detach(request)
    guard FCGX_Accept_r(request) == 0 else { return false }
    guard request.pointee.role == FCGI_RESPONDER else {
      abort()
      return false
    }
    input.begin(connection, requestID: UInt16(truncatingIfNeeded: request.pointee.requestId), ahead: readAhead)
    return true
  }

  /// What libfcgi has read of the connection beyond the parameters.
  private var readAhead: UnsafeRawBufferPointer {
    guard let stream = request.pointee.in,
      let data = stream.pointee.data?.assumingMemoryBound(to: berth_fcgi_stream_data.self),
      data.pointee.reqDataPtr == request, let buffer = data.pointee.buff, let next = stream.pointee.rdNext,
      let end = data.pointee.buffStop, buffer <= next, next <= end, end <= buffer + Int(data.pointee.bufflen)
    else { fatalError("this libfcgi keeps its buffers in another way than 2.4: build Berth with that one") }
    return UnsafeRawBufferPointer(start: next, count: end - next)
  }

  /// `NAME=value` strings, ended by nil. They last until the request is finished.
  var parameters: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { request.pointee.envp }

  /// Whether the web server has closed the connection, as nginx does when its client has gone.
  var isAbandoned: Bool { ConnectionSocket.isClosedByPeer(request.pointee.ipcFd) }

  /// Adds bytes to the answer. False: the web server is gone.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress else { return true }
    return FCGX_PutStr(
      start.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count), request.pointee.out) >= 0
  }

  /// Ends the answer and releases the connection.
  ///
  /// If part of the body was not read, waits until the web server has decided whether to use the connection again: it
  /// may do so at once if it had sent the whole body.
  /// - Parameters:
  ///   - keeping: whether to keep the connection if possible; false: it is closed.
  ///   - isAllowedToWait: called before waiting for the web server; false: does not wait.
  func finish(keeping: Bool, isAllowedToWait: () -> Bool) -> Ending {
    input.leaveLibrary()
    let isKept = keeping && request.pointee.keepConnection != 0
    request.pointee.keepConnection = 1
    FCGX_Finish_r(request)
    let connection = request.pointee.ipcFd
    request.pointee.ipcFd = -1
    guard connection >= 0 else { return .closed }
    if input.state == .open {
      if !isKept { shutdown(connection, Int32(SHUT_WR)) }
      input.skipRest(within: Self.decisionTimeout, isAllowedToWait: isAllowedToWait)
    }
    return isKept && input.state == .ended ? .kept(connection) : .finished(connection)
  }

  /// How long to wait for the web server's decision after a complete answer.
  private static let decisionTimeout = Duration.seconds(10)

  /// Closes the connection at once, without the record that would make the answer look complete.
  func abort() {
    FCGX_Free(request, 1)
  }
}
