import CLinux
import Glibc
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct ControlSocketTests {
  @Test func `the end of the supervisor is told once, and nothing is told where nothing was ordered`() throws {
    let signals = try SignalDescriptor([])
    let (supervisor, worker) = try Descriptor.socketPair(SOCK_STREAM)
    var control = ControlSocket(worker)
    let before = control.order(signals, within: .zero)
    #expect(before == nil)
    shutdown(supervisor.raw, Int32(SHUT_RDWR))
    #expect(eventually { control.order(signals, within: .zero) == .abandon })
    let after = control.order(signals, within: .zero)
    #expect(after == nil)
    withExtendedLifetime(supervisor) {}
  }
}
