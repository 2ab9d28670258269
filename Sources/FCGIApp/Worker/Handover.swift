import CLinux
import Glibc

/// Passes idle connections from old workers to new ones, so that a reload closes none: the web server may be about to
/// send a request on any of them.
///
/// A pair of connected sockets that all workers of a service share; a message is one descriptor (unix(7), SCM_RIGHTS).
struct Handover: Sendable {
  /// Old workers write to it.
  let sending: Int32
  /// All other workers read from it.
  let receiving: Int32

  /// A `cmsghdr` followed by one descriptor, padded to the header's alignment.
  private struct Control {
    var length = MemoryLayout<cmsghdr>.size + MemoryLayout<Int32>.size
    var level: Int32 = SOL_SOCKET
    var type: Int32 = 1  // SCM_RIGHTS
    var descriptor: Int32 = -1
    var padding: Int32 = 0
  }

  /// Passes a connection on. False: no worker can take it now. The caller closes its own descriptor in both cases.
  func send(_ connection: Int32) -> Bool {
    var control = Control()
    control.descriptor = connection
    return exchange(&control) { sendmsg(sending, $0, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) } == 1
  }

  /// Takes a connection; nil where there is none.
  func receive() -> Int32? {
    var control = Control()
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_CMSG_CLOEXEC)
    guard exchange(&control, { recvmsg(receiving, $0, flags) }) == 1, control.descriptor >= 0 else { return nil }
    return control.descriptor
  }

  /// A message of one byte and a descriptor.
  private func exchange(_ control: inout Control, _ call: (UnsafeMutablePointer<msghdr>) -> Int) -> Int {
    var byte: UInt8 = 0
    return withUnsafeMutableBytes(of: &control) { control in
      withUnsafeMutablePointer(to: &byte) { byte in
        var part = iovec(iov_base: byte, iov_len: 1)
        return withUnsafeMutablePointer(to: &part) { part in
          var message = msghdr()
          message.msg_iov = part
          message.msg_iovlen = 1
          message.msg_control = control.baseAddress
          message.msg_controllen = control.count
          return call(&message)
        }
      }
    }
  }
}
