import HTTPTypes

extension RegistryError {
  /// The one place where a body that could not be read becomes an answer.
  init(body error: RequestBodyError) {
    switch error {
    case .clientGone:
      self.init(.sizeInvalid, "the request's body broke off")
    case .overloaded:
      self.init(
        .tooManyRequests, "more bodies are under way than the registry reads at once",
        status: .serviceUnavailable, fields: [.retryAfter: "5"])
    }
  }
}
