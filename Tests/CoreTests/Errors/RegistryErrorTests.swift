import Foundation
import Testing

@testable import Core

@Suite struct RegistryErrorTests {
  /// The error form as clients read it.
  private struct Form: Decodable {
    var errors: [Entry]

    struct Entry: Decodable {
      var code: String
      var message: String
      var detail: [String: String]?
    }
  }

  private func form(_ error: RegistryError) throws -> Form {
    guard case .bytes(let body) = error.response.body else {
      Issue.record("no body")
      return Form(errors: [])
    }
    #expect(body.count <= 64 << 10)
    return try JSONDecoder().decode(Form.self, from: Data(body))
  }

  private func entry(_ index: Int, _ message: String? = nil) -> RegistryError.Entry {
    RegistryError.Entry(.manifestBlobUnknown, message, detail: ["field": "layers[\(index)]"])
  }

  @Test(arguments: [(1, 1, nil), (100, 100, nil), (101, 100, "and 2 more"), (37_000, 100, "and 36901 more")])
  func `an answer has a hundred entries at the most`(count: Int, written: Int, last: String?) throws {
    let error = RegistryError(entry(0), (1..<count).map { entry($0) })
    #expect(error.entries.count + error.omitted == count)
    #expect(error.entries.count <= 100)
    let errors = try form(error).errors
    #expect(errors.count == written)
    #expect(errors.allSatisfy { $0.code == "MANIFEST_BLOB_UNKNOWN" })
    #expect(errors[0].detail == ["field": "layers[0]"])
    #expect(errors.last?.message == last ?? RegistryError.Code.manifestBlobUnknown.message)
    #expect(error.description.utf8.count < 1000)
  }

  @Test func `entries that were never made are counted`() throws {
    let errors = try form(RegistryError(entry(0), [entry(1)], omitted: 5)).errors
    #expect(errors.map(\.message).last == "and 5 more")
    #expect(errors.count == 3)
  }

  @Test func `a body has 64 KiB at the most`() throws {
    // Six bytes each in JSON.
    let long = String(repeating: "\u{1}", count: 10_000)
    let errors = try form(RegistryError(entry(0, long), (1..<100).map { entry($0, long) })).errors
    #expect((10..<100).contains(errors.count))
    #expect(errors.last?.message == "and \(100 - (errors.count - 1)) more")
  }

  @Test func `what a client sent is repeated up to a bounded length`() throws {
    let long = String(repeating: "é", count: 1 << 20)
    let error = RegistryError(.nameInvalid, long, detail: ["name": "a" + long])
    let errors = try form(error).errors
    #expect(errors[0].message == String(repeating: "é", count: 254) + "…")
    #expect(errors[0].detail == ["name": "a" + String(repeating: "é", count: 254) + "…"])
    #expect(error.description.utf8.count < 1000)
  }

  @Test(arguments: [
    ("", ""), ("abcdef", "abcdef"), ("abcdefg", "abc…"), ("abéééé", "ab…"), ("€€€", "€…"), ("😀😀", "…"),
  ])
  func `a text is cut between characters`(text: String, expected: String) {
    #expect(text.cut(to: 6) == expected)
  }
}
