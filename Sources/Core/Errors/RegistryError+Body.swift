import HTTPTypes

extension RegistryError {
  /// Converts a failure to read a body. The only place that does.
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
