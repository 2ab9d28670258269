/// Something that is wrong with a configuration, and what to do about it.
public struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
  /// Whether the service starts in spite of it.
  public enum Severity: String, Sendable {
    /// It does not.
    case error
    /// It does.
    case warning
  }

  /// Where the problem stands.
  public enum Place: Sendable, Hashable {
    /// In the file; line 0 where no line is to blame.
    case file(String, line: Int)
    /// In the value, or the name, of an environment variable.
    case variable(String)
  }

  /// Whether the service starts in spite of it.
  public var severity: Severity
  /// Where the problem stands.
  public var place: Place
  /// The key, with those above it: `storage.filesystem.maxthreads`. Empty: the file as a whole.
  public var key: String
  /// What is wrong.
  public var message: String
  /// What to do about it.
  public var remedy: String

  /// A problem at a place. Of URLs in the texts, the user part is masked.
  public init(severity: Severity, place: Place, key: String, message: String, remedy: String) {
    self.severity = severity
    self.place = place
    self.key = key
    self.message = message.maskingUsers
    self.remedy = remedy.maskingUsers
  }

  /// `config.yml:12: error: storage.filesystem.maxthreads: this is not a whole number (correct the value)`
  public var description: String {
    let place =
      switch self.place {
      case .file(let name, 0): name
      case .file(let name, let line): "\(name):\(line)"
      case .variable(let name): "environment variable \(name)"
      }
    return "\(place): \(severity.rawValue): \(key.isEmpty ? "" : key + ": ")\(message) (\(remedy))"
  }
}

/// A configuration that the service can't start with.
public struct ConfigurationError: Error, CustomStringConvertible {
  /// All that is wrong, warnings too, in the order of the file; at least one is an error.
  public var problems: [ConfigurationProblem]

  /// With at least one error.
  public init(problems: [ConfigurationProblem]) {
    self.problems = problems
  }

  /// One problem a line.
  public var description: String {
    problems.map(\.description).joined(separator: "\n")
  }
}
