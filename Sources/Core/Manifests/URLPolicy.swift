/// Which URLs a layer may name (`validation.manifests.urls`).
///
/// Without allow and deny, none; with allow alone, what matches one of its expressions; with deny alone, what
/// matches none of its; with both, what satisfies both. As docker/distribution has it.
struct URLPolicy {
  private let allowed: [Regex<AnyRegexOutput>]
  private let denied: [Regex<AnyRegexOutput>]
  private let isEmpty: Bool

  /// Longer ones are refused: they are matched against expressions.
  static let maximumLength = 2048

  /// Of the configuration. An expression that does not compile is refused when the configuration is read; here
  /// it allows and denies nothing.
  init(_ validation: Configuration.Validation) {
    allowed = validation.allowedURLs.compactMap(URLPolicy.compile)
    denied = validation.deniedURLs.compactMap(URLPolicy.compile)
    isEmpty = validation.allowedURLs.isEmpty && validation.deniedURLs.isEmpty
    allowsAll = validation.allowedURLs.isEmpty
  }

  private let allowsAll: Bool

  /// Whether a layer may name `url`.
  func permits(_ url: String) -> Bool {
    guard url.utf8.count <= URLPolicy.maximumLength, url.hasPrefix("http://") || url.hasPrefix("https://"),
      !url.utf8.contains(UInt8(ascii: "#")), !isEmpty
    else { return false }
    return (allowsAll || allowed.contains { url.contains($0) }) && !denied.contains { url.contains($0) }
  }

  private static func compile(_ expression: String) -> Regex<AnyRegexOutput>? {
    try? Regex(expression).matchingSemantics(.unicodeScalar)
  }
}
