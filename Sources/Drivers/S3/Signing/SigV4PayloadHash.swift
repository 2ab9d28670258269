import Core

/// How a signature covers a request's content (`x-amz-content-sha256`).
public enum SigV4PayloadHash: Sendable, Equatable {
  /// Not at all: TLS protects it.
  case unsigned
  /// Its SHA-256, in lower-case hexadecimal.
  case digest(String)
  /// There is none.
  case empty

  /// Of content in memory.
  public static func of(_ content: [UInt8]) -> SigV4PayloadHash {
    content.isEmpty ? .empty : .digest(String(ContentHasher.digest(.sha256, of: content).hex))
  }

  /// The field's value.
  var text: String {
    switch self {
    case .unsigned: "UNSIGNED-PAYLOAD"
    case .digest(let hex): hex
    case .empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    }
  }
}
