import Testing

@testable import Core

/// What `berth check` prints leaves out nothing that has an effect.
@Suite struct PrintedConfigurationTests {
  /// Sections of which nothing is acted on. Giving one of them is answered with a warning or an error.
  private static let unsupported = ["auth", "notifications", "proxy"]

  @Test func `every section of the configuration is printed, or refused`() throws {
    let text = """
      version: 0.1
      storage: {filesystem: , cache: {blobdescriptor: redis}}
      redis: {addrs: ["h:6379"]}
      health: {storagedriver: {enabled: true}}
      middleware: {storage: [{name: rewrite, options: {host: h}}]}
      """
    let configuration = try Configuration.parse(Array(text.utf8), name: "config.yml").configuration
    let printed = "\n" + configuration.yaml
    for section in Mirror(reflecting: configuration).children.compactMap(\.label) {
      let isPrinted = printed.contains("\n\(section):")
      #expect(isPrinted != Self.unsupported.contains(section), "\(section)")
    }
  }

  @Test(arguments: [
    "auth: silly", "notifications: {endpoints: [{name: a, url: \"http://b\"}]}", "proxy: {remoteurl: \"http://a\"}",
  ])
  func `a section that is not printed is said to have no effect`(_ section: String) {
    let name = String(section.prefix { $0 != ":" })
    do throws(ConfigurationError) {
      let loaded = try Configuration.parse(
        Array("version: 0.1\nstorage: inmemory\n\(section)".utf8), name: "config.yml")
      #expect(loaded.warnings.map(\.key) == [name])
    } catch {
      #expect(error.problems.map(\.key) == [name])
    }
    #expect(Self.unsupported.contains(name))
  }

  @Test func `the check of the storage is printed`() throws {
    let text = "version: 0.1\nstorage: filesystem\nhealth: {storagedriver: {enabled: true, threshold: 3}}"
    let loaded = try Configuration.parse(Array(text.utf8), name: "config.yml")
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.configuration.yaml.contains("health:\n  storagedriver:\n    enabled: true\n    interval: 10s\n"))
    #expect(
      try Configuration.parse(Array(loaded.configuration.yaml.utf8), name: "again").configuration
        == loaded.configuration)
  }
}
