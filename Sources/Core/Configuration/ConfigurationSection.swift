/// A map of the configuration: it names each of its keys once, for reading and for writing.
protocol ConfigurationSection {
  /// The defaults.
  init()

  /// Shows every key to `keys`, with the property behind it. A key that is not shown is unknown.
  mutating func visit(_ keys: some ConfigurationVisitor)
}

/// What goes through the keys of a section: the reader of a file, or the writer of the result.
protocol ConfigurationVisitor: AnyObject {
  /// A single value, or a list of them.
  func value<Value: ConfigurationValue>(_ key: String, _ value: inout Value)
  /// A map within the map. Where it is absent, its defaults stay.
  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section)
  /// A map that may be absent.
  func section<Section: ConfigurationSection>(_ key: String, _ section: inout Section?)
  /// A list of maps.
  func list<Section: ConfigurationSection>(_ key: String, _ list: inout [Section])
  /// Keys that are read, so that mistakes are found, but which nothing acts on: they are not written.
  func withoutEffect(_ body: () -> Void)
  /// What the file calls an old key, which is read but never written.
  func alias(_ body: () -> Void)
  /// Whether a file is read. Checks have nothing to say of what is written.
  var isReading: Bool { get }
  /// The keys that are given here, in the order of the file; none while writing.
  var given: [String] { get }
  /// Whether a key of a map in this map is given.
  func isGiven(_ section: String, _ key: String) -> Bool
  /// Makes a key known without reading it.
  func skip(_ key: String)
  /// Reports what is wrong with a key; nothing while writing. An empty key is the section itself.
  func report(_ severity: ConfigurationProblem.Severity, _ key: String, _ message: String, remedy: String)
}

extension ConfigurationVisitor {
  /// A value that may be absent.
  func value<Value: ConfigurationValue>(_ key: String, _ value: inout Value?) {
    var wrapped = OptionalValue(value: value)
    self.value(key, &wrapped)
    value = wrapped.value
  }

  /// A whole number within bounds.
  func integer(_ key: String, _ value: inout Int, in range: ClosedRange<Int>) {
    let before = value
    self.value(key, &value)
    check(key, &value, in: range, default: before)
  }

  /// A whole number within bounds, which may be absent.
  func integer(_ key: String, _ value: inout Int?, in range: ClosedRange<Int>) {
    self.value(key, &value)
    guard let number = value, !range.contains(number) else { return }
    report(.error, key, "\(number) is out of range", remedy: "give \(range.lowerBound) to \(range.upperBound)")
    value = nil
  }

  /// A value that may be written in quotes: docker/distribution's object stores take either.
  func loose<Value: ConfigurationValue>(_ key: String, _ value: inout Value) {
    var loose = LooseValue(value: value)
    self.value(key, &loose)
    value = loose.value
  }

  /// As `integer`, of a number that may be written in quotes.
  func looseInteger(_ key: String, _ value: inout Int, in range: ClosedRange<Int>) {
    let before = value
    loose(key, &value)
    check(key, &value, in: range, default: before)
  }

  /// Regular expressions in Go's syntax. One that does not compile is reported, and none is used.
  func patterns(_ key: String, _ patterns: inout [LinearPattern]) {
    var sources = patterns.map(\.source)
    value(key, &sources)
    guard isReading else { return }
    patterns = sources.compactMap { source in
      do {
        return try LinearPattern(source)
      } catch {
        report(
          .error, key, "\(source) is no regular expression: \(error)",
          remedy: "write it in Go's syntax (https://pkg.go.dev/regexp/syntax), and escape what is meant literally")
        return nil
      }
    }
  }

  private func check(_ key: String, _ value: inout Int, in range: ClosedRange<Int>, default fallback: Int) {
    guard !range.contains(value) else { return }
    let bounds =
      range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    report(.error, key, "\(value) is out of range", remedy: "give \(bounds); the default is \(fallback)")
    value = fallback
  }

  /// A key that is known and not acted on, which is said where it is given.
  func obsolete(_ key: String, _ why: String) {
    skip(key)
    if given.contains(key) { report(.warning, key, "it has no effect: \(why)", remedy: "remove it") }
  }
}
