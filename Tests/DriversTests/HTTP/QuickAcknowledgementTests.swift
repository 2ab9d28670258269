import Glibc
import NIOCore
import NIOEmbedded
import Testing

@testable import Drivers

struct QuickAcknowledgementTests {
  @Test func `the system is told after each read, and what was read goes on`() throws {
    let channel = EmbeddedChannel()
    try QuickAcknowledgement.initializer(channel).wait()
    #expect(channel.options.isEmpty)
    try channel.writeInbound(ByteBuffer(string: "head"))
    #expect(try channel.readInbound(as: ByteBuffer.self) == ByteBuffer(string: "head"))
    try #require(channel.options.count == 1)
    let option = try #require(channel.options[0].option as? ChannelOptions.Types.SocketOption)
    #expect(option == .init(level: .tcp, name: .init(rawValue: CInt(TCP_QUICKACK))))
    #expect(channel.options[0].value as? Int == 1)
    _ = try channel.finish()
  }
}
