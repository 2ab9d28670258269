import Testing

@testable import Core

@Suite struct UploadStateTests {
  static let secret = "a secret"
  /// As docker/distribution writes it with that secret.
  static let token =
    "32VxWZTZSWBkEampgMWoZdJsrM0xwTMKVcgtnFkmoj97Ik5hbWUiOiJ0ZWFtL2FscGhhIiwiVVVJRCI6IjBmOGZhZDViLWQ5Y2ItNDY5Zi"
    + "1hMTY1LTcwODY3NzI4OTUwZSIsIk9mZnNldCI6MTAwMDAzLCJTdGFydGVkQXQiOiIyMDI2LTA4LTAxVDEyOjM0OjU2WiJ9"

  private func state(name: String = "team/alpha", size: Int64 = 100_003) throws -> UploadStateToken {
    UploadStateToken(
      Upload(
        id: try #require(UploadID("0f8fad5b-d9cb-469f-a165-70867728950e")), startedAt: "2026-08-01T12:34:56Z",
        size: size), in: try #require(RepositoryName(name)))
  }

  @Test func `is docker distribution's, to the byte`() throws {
    #expect(try state().token(secret: Self.secret) == Self.token)
    #expect(UploadStateToken(token: Self.token, secret: Self.secret) == (try state()))
  }

  @Test(arguments: 1...12)
  func `comes back as it went, whatever its padding`(length: Int) throws {
    let state = try state(name: String(repeating: "a", count: length), size: Int64(length))
    let token = state.token(secret: "s")
    #expect(!token.contains("="))
    let decoded = try #require(PercentEncoding.decode(token))
    #expect(UploadStateToken(token: decoded, secret: "s") == state)
  }

  @Test func `is refused when it wasn't signed with the secret`() throws {
    #expect(UploadStateToken(token: Self.token, secret: "another") == nil)
    #expect(UploadStateToken(token: Self.token, secret: "") == nil)
    for index in Self.token.utf8.indices {
      var tampered = Array(Self.token.utf8)
      let position = Self.token.utf8.distance(from: Self.token.startIndex, to: index)
      tampered[position] = tampered[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(UploadStateToken(token: String(decoding: tampered, as: UTF8.self), secret: Self.secret) == nil)
    }
  }

  @Test(arguments: [
    "", "=", "====", "a", "AAAA", "!!!!", String(repeating: "A", count: 43), String(repeating: "A", count: 100_000),
    "é",
  ])
  func `is refused when it is none`(token: String) {
    #expect(UploadStateToken(token: token, secret: Self.secret) == nil)
  }

  @Test(arguments: [
    "", "[]", "{", "{\"Name\":1}", "{\"Offset\":99999999999999999999}", "{\"Offset\":1.5}", "{\"Name\":\"a\"} x",
    "null",
  ])
  func `is refused when what was signed is no state`(json: String) {
    let bytes = Array(json.utf8)
    let code = MessageAuthentication.code(of: bytes, key: Array(Self.secret.utf8))
    #expect(UploadStateToken(token: Base64URL.encode(code + bytes), secret: Self.secret) == nil)
  }
}

@Suite struct Base64URLTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("??>>~~", "Pz8-Pn5-"),
  ])
  func `has the alphabet of URLs`(text: String, encoded: String) {
    #expect(Base64URL.encode(Array(text.utf8)) == encoded)
    #expect(Base64URL.decode(encoded) == Array(text.utf8))
    #expect(Base64URL.decode(encoded.filter { $0 != "=" }) == Array(text.utf8))
  }

  @Test(arguments: ["A", "AAAAA", "A=A=", "AA===", "A A=", "AA+/", "AAA\n"])
  func `refuses what is something else`(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }
}

@Suite struct RFC3339WritingTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_785_587_696, "2026-08-01T12:34:56Z"),
  ])
  func `writes the time in UTC`(seconds: Int64, text: String) {
    #expect(RFC3339.text(secondsSince1970: seconds) == text)
  }
}
