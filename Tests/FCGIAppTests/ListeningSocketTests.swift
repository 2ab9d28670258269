import Core
import Glibc
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct ListeningSocketTests {
  private func configuration(_ path: String) -> Configuration.FastCGI {
    var configuration = Configuration.FastCGI()
    configuration.address = .unix(path: path)
    configuration.mode = 0o640
    return configuration
  }

  @Test func `a Unix socket gets the configured mode, its directory is made, and its file goes at the end`() throws {
    let folder = try TemporaryFolder()
    let socket = try ListeningSocket(configuration(folder / "run/s.sock"))
    var status = stat()
    #expect(lstat(folder / "run/s.sock", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
    socket.removeFile()
    #expect(lstat(folder / "run/s.sock", &status) != 0)
  }

  @Test func `a socket that nobody listens on is replaced, one that somebody does is not`() throws {
    let folder = try TemporaryFolder()
    let path = folder / "s.sock"
    do { _ = try ListeningSocket(configuration(path)) }
    // A process that another test starts may hold a copy of the first one for a moment.
    var socket: ListeningSocket?
    #expect(
      eventually {
        socket = try? ListeningSocket(configuration(path))
        return socket != nil
      })
    #expect(throws: ListeningError.self) { try ListeningSocket(configuration(path)) }
    withExtendedLifetime(socket) {}
  }

  @Test func `the file of somebody else's socket is left`() throws {
    let folder = try TemporaryFolder()
    let path = folder / "s.sock"
    let socket = try ListeningSocket(configuration(path))
    unlink(path)
    let descriptor = Descriptor(open(path, O_CREAT | O_WRONLY, 0o600))
    socket.removeFile()
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(throws: ListeningError.self) { try ListeningSocket(configuration(path)) }
    withExtendedLifetime(descriptor) {}
  }

  @Test func `a Unix socket is in place as long as its own file is at its path`() throws {
    let folder = try TemporaryFolder()
    let socket = try ListeningSocket(configuration(folder / "s.sock"))
    #expect(socket.isInPlace)
    unlink(folder / "s.sock")
    #expect(!socket.isInPlace)
    let next = try ListeningSocket(configuration(folder / "s.sock"))
    #expect(next.isInPlace)
    #expect(!socket.isInPlace)
  }

  @Test func `a path that is too long, an unknown owner and an unknown host are said`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: ListeningError.self) {
      try ListeningSocket(configuration(folder / String(repeating: "x", count: 108)))
    }
    var unknown = configuration(folder / "s.sock")
    unknown.owner = "no-such-user"
    #expect(throws: ListeningError.self) { try ListeningSocket(unknown) }
    var status = stat()
    #expect(lstat(folder / "s.sock", &status) != 0)
    unknown.address = .tcp(host: "no-such-host.invalid", port: 1)
    #expect(throws: ListeningError.self) { try ListeningSocket(unknown) }
  }
}
