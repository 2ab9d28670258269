import CLinux
import Core
import Glibc

/// The socket that the web server connects to.
final class ListeningSocket {
  /// Where it listens.
  let address: Configuration.FastCGI.Address
  /// The socket, which workers inherit.
  let descriptor: Descriptor
  /// Which file it is, for a Unix socket.
  private let file: (device: dev_t, inode: ino_t)?

  /// How many connections can wait to be accepted (the system may allow fewer).
  private static let backlog: Int32 = 4096

  /// Opens the socket of `fastcgi` in the configuration.
  init(_ configuration: Configuration.FastCGI) throws(ListeningError) {
    address = configuration.address
    switch configuration.address {
    case .unix(let path):
      let unix = try UnixSocketPath(path)
      try unix.makeWay()
      let descriptor = try Self.open(AF_UNIX)
      self.descriptor = descriptor
      guard unix.withAddress({ bind(descriptor.raw, $0, $1) }) == 0 else {
        throw ListeningError(
          SystemError("can't make the socket \(path)").description, remedy: "make its directory writable for this user")
      }
      var status = stat()
      file = lstat(path, &status) == 0 ? (status.st_dev, status.st_ino) : nil
    case .tcp(let host, let port):
      descriptor = try Self.openTCP(host, port)
      file = nil
    }
    do {
      try applyPermissions(configuration)
    } catch {
      removeFile()
      throw error
    }
    guard listen(descriptor.raw, Self.backlog) == 0 else {
      throw ListeningError(SystemError("can't listen").description, remedy: "choose another fastcgi.address")
    }
  }

  /// A socket that the previous executable has opened at `address`.
  /// - Parameter identity: see ``identity``.
  init(_ descriptor: Descriptor, at address: Configuration.FastCGI.Address, identity: [UInt64]) {
    self.descriptor = descriptor
    self.address = address
    file = identity.count == 2 ? (dev_t(identity[0]), ino_t(identity[1])) : nil
  }

  /// Device and inode of a Unix socket's file.
  var identity: [UInt64] { file.map { [UInt64($0.device), UInt64($0.inode)] } ?? [] }

  /// Sets who may connect to a Unix socket.
  func applyPermissions(_ configuration: Configuration.FastCGI) throws(ListeningError) {
    guard case .unix(let path) = address else { return }
    let owner = try configuration.owner.map { name throws(ListeningError) in try Account.user(name) }
    let group = try configuration.group.map { name throws(ListeningError) in try Account.group(name) }
    if owner != nil || group != nil, chown(path, owner ?? uid_t.max, group ?? gid_t.max) != 0 {
      throw ListeningError(
        SystemError(
          "can't give the socket \(path) to \(configuration.owner ?? "")\(configuration.group.map { ":" + $0 } ?? "")"
        )
        .description, remedy: "start the service as root, or remove fastcgi.owner and fastcgi.group")
    }
    guard chmod(path, mode_t(configuration.mode)) == 0 else {
      throw ListeningError(SystemError("can't set the mode of \(path)").description, remedy: "start as its owner")
    }
  }

  /// Makes the kernel refuse connections in all processes that share the socket, so that no client waits for a
  /// connection that no process accepts.
  func refuse() {
    removeFile()
    shutdown(descriptor.raw, Int32(SHUT_RD))
  }

  /// Whether clients reach it at its address: the file of a Unix socket may have been removed or replaced.
  var isInPlace: Bool {
    guard case .unix(let path) = address else { return true }
    var status = stat()
    guard let file, lstat(path, &status) == 0 else { return false }
    return status.st_dev == file.device && status.st_ino == file.inode
  }

  /// Removes the file of a Unix socket, if it is still this socket's.
  func removeFile() {
    if case .unix(let path) = address, isInPlace { unlink(path) }
  }

  private static func open(_ family: Int32) throws(ListeningError) -> Descriptor {
    let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let raw = socket(family, Int32(type), 0)
    guard raw >= 0, let descriptor = try? Descriptor.above(raw) else {
      throw ListeningError(SystemError("can't make a socket").description, remedy: "raise the limit of open files")
    }
    return descriptor
  }

  private static func openTCP(_ host: String, _ port: UInt16) throws(ListeningError) -> Descriptor {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &list)
    guard status == 0, let first = list?.pointee else {
      throw ListeningError(
        "the host of fastcgi.address, \(host), is unknown: \(String(cString: gai_strerror(status)))",
        remedy: "name an address of this machine")
    }
    defer { freeaddrinfo(list) }
    let descriptor = try open(first.ai_family)
    var on: Int32 = 1
    setsockopt(descriptor.raw, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor.raw, first.ai_addr, first.ai_addrlen) == 0 else {
      throw ListeningError(
        SystemError("can't listen at \(host):\(port)").description, remedy: "choose another fastcgi.address")
    }
    return descriptor
  }
}

/// Why a socket can't be opened, and what to do about it.
struct ListeningError: Error, CustomStringConvertible {
  let message: String
  let remedy: String

  init(_ message: String, remedy: String) {
    self.message = message
    self.remedy = remedy
  }

  var description: String { "\(message) (\(remedy))" }
}
