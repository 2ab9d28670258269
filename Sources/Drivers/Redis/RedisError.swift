/// Why Redis could not be used. Nothing of it says whether a command was carried out.
public struct RedisError: Error, Sendable, CustomStringConvertible {
  /// What callers switch on.
  public struct Code: Sendable, Hashable {
    let name: String

    /// It can't be reached, the connection was lost, or it was found so a moment ago.
    public static let unavailable = Code(name: "unavailable")
    /// It did not answer in time. What was sent may yet be carried out, however late.
    public static let timeout = Code(name: "timeout")
    /// What it sent is not Redis' protocol, or too long.
    public static let protocolError = Code(name: "protocol error")
    /// It refuses this client: password, rights, too few replicas.
    public static let refused = Code(name: "refused")
    /// The deployment's servers have changed. The client has, or finds, another deployment.
    public static let superseded = Code(name: "superseded")
    /// All connections were in use for too long.
    public static let busy = Code(name: "busy")
    /// The configuration can't be right, whatever the servers do.
    public static let misconfigured = Code(name: "misconfigured")
  }

  /// What callers switch on.
  public var code: Code
  /// What was tried, with which server.
  public var message: String
  /// What the system or the server said.
  public var cause: String?

  /// What was tried, and what the system or the server said.
  public init(_ code: Code, _ message: String, cause: String? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// Message and cause, for the log.
  public var description: String {
    cause.map { "\(message): \($0)" } ?? message
  }
}

extension RedisError {
  /// Whether the servers have to be discovered again.
  var endsDeployment: Bool { code == .unavailable || code == .superseded }

  /// Whether it counts for the breaker. A change of servers does not, nor a busy pool or a wrong configuration.
  var countsAsFailure: Bool { code != .superseded && code != .busy && code != .misconfigured }
}
