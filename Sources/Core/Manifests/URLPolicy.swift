/// Which URLs a layer may name (`validation.manifests.urls`).
///
/// Without allow and deny, none; with allow alone, what matches one of its expressions; with deny alone, what
/// matches none of its; with both, what satisfies both. As docker/distribution has it.
struct URLPolicy {
  private let allowed: [LinearPattern]
  private let denied: [LinearPattern]

  /// Of the configuration.
  init(_ validation: Configuration.Validation) {
    allowed = validation.allowedURLs
    denied = validation.deniedURLs
  }

  /// Whether a layer may name `url`.
  func permits(_ url: String) -> Bool {
    guard url.hasPrefix("http://") || url.hasPrefix("https://"), !url.utf8.contains(UInt8(ascii: "#")),
      !(allowed.isEmpty && denied.isEmpty)
    else { return false }
    return (allowed.isEmpty || allowed.contains { $0.matches(url) }) && !denied.contains { $0.matches(url) }
  }
}
