/// A fault of the storage, in the driver's words.
public struct StorageError: Error, CustomStringConvertible {
  /// What callers switch on.
  public enum Code: Sendable {
    /// Nothing is there.
    case notFound
    /// A directory where a file was meant, or the other way round.
    case wrongKind
    /// Neither a file nor a directory: a FIFO, a socket, a device, or a symbolic link that isn't followed, be it in the
    /// last place of the path or above.
    case irregular
    /// Longer than the caller's limit.
    case tooLarge
    /// Another writer has the file.
    case busy
    /// No space, no inodes, or over the quota. May pass.
    case full
    /// Permission, or a read-only file system.
    case denied
    /// Out of descriptors, too many requests, a connection lost, a deadline. May pass.
    case unavailable
    /// The device or service failed.
    case failed
    /// The caller was cancelled.
    case cancelled
  }

  /// What callers switch on.
  public var code: Code
  /// What was tried, on which path.
  public var message: String
  /// What the system said.
  public var cause: String?

  /// What was tried, and what the system said.
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
