import Testing

@testable import Core

@Suite struct EmptySectionTests {
  @Test(arguments: [
    "version: 0.1\nstorage: s3", "version: 0.1\nstorage: {s3: }", "version: 0.1\nstorage:\n  s3:\n",
    "version: 0.1\nstorage: {s3: {}}",
  ])
  func `a section without keys lacks those that it must have, however it is written`(text: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.parse(Array(text.utf8), name: "config.yml")
    }
    #expect(error?.problems.map(\.key) == ["storage.s3.bucket", "storage.s3.region"])
  }
}
