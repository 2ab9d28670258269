/// The process' variables, of which empty ones count as absent.
struct CredentialEnvironment: Sendable {
  private let variables: [String: String]

  init(_ variables: [String: String]) {
    self.variables = variables
  }

  /// nil where it is absent.
  subscript(name: String) -> String? {
    variables[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The first of several names for the same.
  func first(of names: String...) -> String? {
    for name in names {
      if let value = self[name] { return value }
    }
    return nil
  }
}
