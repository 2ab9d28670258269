import CRE2

/// A regular expression of the configuration that is matched against what clients send.
///
/// The syntax is that of Go's `regexp`, as in docker/distribution. Matching takes time linear in the text (RE2):
/// Swift's `Regex` backtracks, so that a short text of a client's choice can keep it busy for hours.
public struct LinearPattern: Sendable {
  /// As it is written in the configuration.
  public let source: String
  private let compiled: Compiled

  /// Compiles an expression.
  /// - Throws: what Go, or RE2, refuses.
  public init(_ source: String) throws(PatternError) {
    self.source = source
    compiled = try Compiled(GoPattern.translated(source))
  }

  /// Whether the expression matches anywhere in `text`.
  public func matches(_ text: String) -> Bool { compiled.matches(text) }
}

extension LinearPattern: Equatable {
  /// Whether both are written the same.
  public static func == (left: LinearPattern, right: LinearPattern) -> Bool { left.source == right.source }
}

extension LinearPattern: CustomStringConvertible {
  /// As it is written in the configuration.
  public var description: String { source }
}

/// Why a text is no expression.
public struct PatternError: Error, Equatable, CustomStringConvertible {
  /// What is wrong with it.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Owns RE2's object. `@unchecked Sendable`: RE2 lets any number of threads match with one object at once, and nothing
/// changes it after `init`.
private final class Compiled: @unchecked Sendable {
  private let pattern: OpaquePointer

  init(_ expression: String) throws(PatternError) {
    var expression = expression
    let capacity = 256
    var error = [CChar](repeating: 0, count: capacity)
    let compiled = expression.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { cre2_compile($0.baseAddress, $0.count, &error, capacity) }
    }
    guard let compiled else {
      throw PatternError(String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    pattern = compiled
  }

  deinit { cre2_free(pattern) }

  func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { cre2_matches(pattern, $0.baseAddress, $0.count) }
    }
  }
}
