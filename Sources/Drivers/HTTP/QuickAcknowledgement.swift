import Glibc
import NIOCore

/// Has the system acknowledge at once what arrives (tcp(7), TCP_QUICKACK).
///
/// radosgw, as it is configured by default, sends the head of an answer and its body in two small packets, of which the
/// second waits for the first one's acknowledgement (RFC 896), and that for 40 ms (RFC 1122, section 4.2.3.2).
final class QuickAcknowledgement: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer

  private static let option = ChannelOptions.Types.SocketOption(
    level: .tcp, name: NIOBSDSocket.Option(rawValue: CInt(TCP_QUICKACK)))

  /// For each connection, below TLS. async-http-client has no other place for a handler of one's own.
  static let initializer: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
    channel.pipeline.addHandler(QuickAcknowledgement(), position: .first)
  }

  /// Sets the option after each read, because the system resets it after a while. If that fails, answers are slower.
  func channelReadComplete(context: ChannelHandlerContext) {
    try? context.channel.syncOptions?.setOption(Self.option, value: 1)
    context.fireChannelReadComplete()
  }
}
