import Testing

@testable import Core

private func parse(_ text: String) throws(YAMLError) -> YAMLNode {
  try YAMLNode(parsing: Array(text.utf8))
}

private func problem(_ text: String) -> YAMLError? {
  do throws(YAMLError) {
    _ = try parse(text)
    return nil
  } catch {
    return error
  }
}

@Suite struct YAMLTests {
  @Test func `every value and key knows its line and column`() throws {
    let entries = try #require(try parse("a: 1\nb:\n  - x\n  - c: y\n").entries)
    #expect(entries.map(\.key) == ["a", "b"])
    #expect(entries[0].value.origin == .position(line: 1, column: 4))
    #expect(entries[1].keyOrigin == .position(line: 2, column: 1))
    let list = try #require(entries[1].value.elements)
    #expect(list[0].origin == .position(line: 3, column: 5))
    #expect(list[1].entries?[0].value.origin == .position(line: 4, column: 8))
  }

  @Test(arguments: [
    ("true", true), ("Yes", true), ("on", true), ("y", true), ("FALSE", false), ("off", false), ("No", false),
    ("\"true\"", nil), ("1", nil), ("tRue", nil), ("!!str yes", nil),
  ])
  func `truth values are YAML 1.1's`(_ text: String, _ expected: Bool?) throws {
    #expect(try parse(text).scalar?.boolean == expected)
  }

  @Test(arguments: [
    ("12", 12), ("-7", -7), ("+3", 3), ("0660", 432), ("0o17", 15), ("0x1F", 31), ("0b101", 5), ("1_000", 1000),
    ("0", 0), ("9223372036854775807", Int64.max), ("9223372036854775808", nil), ("1.5", nil), ("\"12\"", nil),
    ("08", nil), ("--1", nil), ("0x", nil), ("abc", nil), ("-", nil),
  ])
  func `whole numbers are YAML 1.1's`(_ text: String, _ expected: Int64?) throws {
    #expect(try parse(text).scalar?.integer == expected)
  }

  @Test(arguments: ["", "~", "null", "Null", "# nothing but a comment"])
  func `null is nothing given`(_ text: String) throws {
    #expect(try parse(text).isNull)
  }

  @Test func `an alias stands for its anchor's value`() throws {
    let entries = try #require(try parse("a: &x {k: 1}\nb: *x\n").entries)
    #expect(entries[1].value.entries?[0].key == "k")
  }

  @Test func `merged keys give way to the map's own`() throws {
    let text = """
      base: &base {a: 1, b: 2}
      other: &other {b: 3, c: 4}
      merged: {<<: [*base, *other], a: 9}
      """
    let merged = try #require(try parse(text).entries?[2].value.entries)
    let values = Dictionary(uniqueKeysWithValues: merged.map { ($0.key, $0.value.scalar?.text ?? "") })
    #expect(values == ["a": "9", "b": "2", "c": "4"])
  }

  @Test func `a key that is there twice is refused with both lines`() throws {
    let error = try #require(problem("a: 1\nb:\n  k: 1\n  j: 2\n  k: 3\n"))
    #expect(error.origin == .position(line: 5, column: 3))
    #expect(error.message.contains("line 3"))
  }

  @Test func `aliases can't multiply without bound`() throws {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(problem(text)?.message.contains("aliases counted in full") == true)
  }

  @Test func `nesting is bounded, through aliases too`() throws {
    #expect(problem(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) == nil)
    #expect(problem(String(repeating: "[", count: 65) + String(repeating: "]", count: 65)) != nil)
    let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    let through = "a: &a \(deep)\nb: " + String(repeating: "[", count: 30) + "*a" + String(repeating: "]", count: 30)
    #expect(problem(through)?.message.contains("nested") == true)
  }

  @Test func `a document larger than a mebibyte is refused`() {
    #expect(problem(String(repeating: "#", count: 1 << 20)) == nil)
    #expect(problem(String(repeating: "#", count: (1 << 20) + 1)) != nil)
  }

  @Test(arguments: [
    ("a: [1, 2\nb: 3", 2), ("a:\n\t- 1", 2), ("a: *nobody", 1), ("a: b: c", 1), ("? [x]\n: 1", 1),
    ("a: \"\u{1}\"", 1), ("<<: 1", 1), ("a: 'x", 1), ("%YAML 9\n", 1), ("- 1\nb: 2", 2),
  ])
  func `what is no YAML is refused with its line`(_ text: String, _ line: Int) throws {
    let error = try #require(problem(text))
    guard case .position(let found, _) = error.origin else {
      Issue.record("\(error)")
      return
    }
    #expect(found >= line)
    #expect(!error.message.isEmpty)
  }

  @Test func `bytes that are no text are refused`() {
    #expect(throws: YAMLError.self) { try YAMLNode(parsing: [0x61, 0x3A, 0x20, 0xFF, 0xFE, 0x80]) }
  }

  @Test(arguments: [
    "plain", "/a/path.txt", "true", "12", "", "~", "with space", "a: b", "#x", "quote\"back\\slash", "line\nfeed",
    "tab\tand\u{1}control", "über", "- x", "0660", "*", "on", "a-b_c.d",
  ])
  func `text that is written reads back as the same text`(_ text: String) throws {
    let origin = YAMLNode.Origin.position(line: 0, column: 0)
    let node = YAMLNode(
      content: .mapping([
        YAMLEntry(
          key: text, keyOrigin: origin,
          value: YAMLNode(content: .scalar(YAMLScalar(text: text, isString: true)), origin: origin))
      ]), origin: origin)
    let entry = try #require(try parse(node.text).entries?.first)
    #expect(entry.key == text)
    #expect(entry.value.scalar?.text == text)
    let scalar = try #require(entry.value.scalar)
    #expect(!scalar.isNull && scalar.boolean == nil && scalar.integer == nil)
  }
}
