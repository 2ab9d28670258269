import Testing

@testable import Core

@Suite struct EntityTagTests {
  static let digest = "sha256:" + String(repeating: "a", count: 64)
  static let other = "\"sha256:" + String(repeating: "b", count: 64) + "\""

  private func tag() throws -> EntityTag { EntityTag(try #require(Digest(Self.digest))) }

  @Test func `is the digest in quotes`() throws {
    #expect(try tag().field == "\"\(Self.digest)\"")
  }

  @Test(arguments: [
    "\"\(digest)\"", digest, "W/\"\(digest)\"", "*", "\(other), \"\(digest)\"", "\(other),W/\"\(digest)\"",
    "  \"\(digest)\"  ", "\(other) , \(digest)", "\"a,b\", \"\(digest)\"", ", ,\"\(digest)\"",
  ])
  func `spares the content that the client has`(list: String) throws {
    #expect(try tag().matches(ifNoneMatch: list))
  }

  @Test(arguments: [
    nil, "", other, "\"*\"", "W/", "\"", ",", "\"\(digest)", "\"x\(digest)\"", "\"\(digest), \(digest)x\"",
    "w/\(digest)",
  ])
  func `sends the content to others`(list: String?) throws {
    // A tag whose closing quote is missing is taken for what it says.
    let expected = list == "\"\(Self.digest)"
    #expect(try tag().matches(ifNoneMatch: list) == expected)
  }

  @Test(arguments: [
    (nil, true), ("*", true), ("\"\(digest)\"", true), (digest, true), ("\(other), \"\(digest)\"", true),
    ("W/\"\(digest)\"", false), (other, false), ("\"*\"", false), ("", false),
  ])
  func `answers a request for this very content`(list: String?, expected: Bool) throws {
    #expect(try tag().matches(ifMatch: list) == expected)
  }

  @Test(arguments: [
    (nil, true), ("\"\(digest)\"", true), (digest, true), ("W/\"\(digest)\"", false), (other, false), ("*", false),
    ("Tue, 15 Nov 1994 12:45:26 GMT", false),
  ])
  func `lets a range be sent only of the same content`(condition: String?, expected: Bool) throws {
    #expect(try tag().matches(ifRange: condition) == expected)
  }
}
