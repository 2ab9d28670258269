extension Configuration.Storage {
  /// The drivers that this build has, by their names in the configuration.
  public static let availableDrivers = ["filesystem", "inmemory", "s3", "s3aws"]
}

extension Configuration {
  /// Says of every section that is configured and not acted on that it is so. What would leave the registry open,
  /// or serve other content than was asked for, is an error: it must not start.
  func reportUnsupported(_ keys: some ConfigurationVisitor) {
    if auth != .none {
      keys.report(
        .error, "auth", "this build of Berth does not authenticate clients, so every client would have access",
        remedy: "remove `auth` and let the web server authenticate (auth_basic), or keep docker/distribution")
    }
    if let proxy, !proxy.remoteURL.isEmpty {
      keys.report(
        .error, "proxy", "this build of Berth is no pull-through cache: it answers 404 for images that it lacks",
        remedy: "remove `proxy`")
    }
    if let notifications, notifications.endpoints.contains(where: { !$0.disabled }) {
      warn("notifications", "no events are sent")
    }

    func warn(_ key: String, _ why: String) {
      keys.report(
        .warning, key, "it has no effect in this build of Berth: \(why)", remedy: "remove it if you can do without")
    }
  }
}
