import Testing

@testable import Core

/// The syntax that https://pkg.go.dev/regexp/syntax documents.
@Suite struct LinearPatternTests {
  @Test(
    arguments: [
      // Single characters.
      ("^.$", "é", "\n"), ("^[xyz]$", "y", "a"), ("^[^xyz]$", "a", "y"), (#"^\d$"#, "7", "a"), (#"^\D$"#, "a", "7"),
      ("^[[:alpha:]]$", "a", "1"), ("^[[:^alpha:]]$", "1", "a"), (#"^\pN$"#, "٣", "a"), (#"^\p{Greek}$"#, "λ", "l"),
      (#"^\PN$"#, "a", "3"), (#"^\P{Greek}$"#, "l", "λ"), (#"^\p{^Greek}$"#, "l", "λ"),
      // Composites and repetitions.
      ("^xy$", "xy", "x"), ("^(x|y)$", "y", "z"), ("^x*$", "xx", "y"), ("^x+$", "x", ""), ("^x?$", "", "xx"),
      ("^x{2,3}$", "xx", "x"), ("^x{2,}$", "xxxx", "x"), ("^x{2}$", "xx", "xxx"), ("^x*?$", "xx", "y"),
      ("^x+?$", "x", ""), ("^x??$", "", "xx"), ("^x{2,3}?$", "xxx", "x"), ("^x{2,}?$", "xx", "x"),
      ("^x{2}?$", "xx", "x"), ("^x{,2}$", "x{,2}", "xx"), ("^x{1000}$", String(repeating: "x", count: 1000), "x"),
      // Groups and flags.
      ("^(ab)+$", "abab", "aba"), ("^(?P<name>a)$", "a", "b"), ("^(?<name>a)$", "a", "b"),
      ("^(?<a>b)(?P<a>c)$", "bc", "b"), ("^(?:ab)+$", "abab", "a"),
      ("(?i)^ab$", "AB", "AC"), ("^(?i:a)b$", "Ab", "AB"), ("(?m)^b$", "a\nb", "ab"), ("^b$", "b", "a\nb"),
      ("(?s)^.$", "\n", ""), ("(?U)^x{2,3}$", "xxx", "x"), ("(?im-s)^a.b$", "x\nA-b", "a\nb"), ("(?-i)a", "a", "A"),
      // Empty strings.
      (#"\Ab"#, "ba", "ab"), (#"b\z"#, "ab", "ba"), (#"\bb"#, "a b", "ab"), (#"\Bb"#, "ab", "a b"),
      ("", "anything", nil), ("a||b", "", nil), ("()", "", nil),
      // Escapes.
      (#"^\a\f\t\n\r\v$"#, "\u{7}\u{c}\t\n\r\u{b}", "a"), (#"^\*\_\-$"#, "*_-", "a"), (#"^\123$"#, "S", "123"),
      (#"^\x7F$"#, "\u{7F}", "7F"), (#"^\x{10FFFF}$"#, "\u{10FFFF}", "F"), (#"^\Q(?<a\C[*\E+$"#, #"(?<a\C[*"#, "(?"),
      (#"^\Qa.b"#, "a.b", "axb"), (#"^\\C$"#, #"\C"#, "a"),
      // Classes.
      (#"^[\d]$"#, "7", "a"), (#"^[^\d]$"#, "a", "7"), (#"^[\D]$"#, "a", "7"), ("^[[:digit:]x]$", "x", "y"),
      (#"^[\p{Greek}]$"#, "λ", "l"), (#"^[\PN]$"#, "a", "3"), ("^[]a]$", "]", "b"), ("^[^]a]$", "b", "]"),
      ("^[a-]$", "-", "b"), (#"^[(?<]$"#, "(", ")"), (#"^[[:alpha:](?<x>]$"#, "<", "1"), (#"^[\](]+$"#, "](", "a"),
      (#"^\s\S\w\W$"#, " a_-", "a"),
      // Not anchored, as docker/distribution matches.
      (#"^https?://([^/]+\.)*example\.com/"#, "https://www.example.com/layer", "https://example.org/"),
      ("example", "http://an.example/", "http://a/"),
    ] as [(String, String, String?)])
  func `what Go takes means the same`(expression: String, matched: String, other: String?) throws {
    let pattern = try LinearPattern(expression)
    #expect(pattern.matches(matched))
    if let other { #expect(!pattern.matches(other)) }
  }

  @Test(arguments: [
    ("alnum", "a", "-"), ("alpha", "a", "1"), ("ascii", "~", "é"), ("blank", "\t", "a"), ("cntrl", "\u{1}", "a"),
    ("digit", "1", "a"), ("graph", "!", " "), ("lower", "a", "A"), ("print", " ", "\u{1}"), ("punct", "!", "a"),
    ("space", "\u{b}", "a"), ("upper", "A", "a"), ("word", "_", "-"), ("xdigit", "F", "g"),
  ])
  func `ASCII classes`(name: String, member: String, other: String) throws {
    let pattern = try LinearPattern("^[[:\(name):]]$")
    #expect(pattern.matches(member))
    #expect(!pattern.matches(other))
  }

  private static let deep = String(repeating: "(", count: 1001) + String(repeating: ")", count: 1001)

  @Test(
    arguments: [
      "(", ")", "a)", "[a", "[b-a]", "a**", "a*+", "*", "x{2,1}", "x{1001}", "(x{100}){11}", "(?=a)", "(?!a)", "(?<=a)",
      "(?<!a)", "(?>a)", "(?#a)", "(?P=a)", "(?P>a)", "(?P'a')", "(?<>a)", "(?<é>a)", "(?<a-b>c)", "(?P<é>a)", "(?<a",
      "(?P<a", "(?x)a", "(?", #"\"#, #"\1"#, #"\8"#, #"\C"#, #"a\C"#, #"\E"#, #"\Z"#, #"\G"#, #"\h"#,
      #"\K"#, #"\N"#, #"\R"#, #"\X"#, #"\q"#, #"\x{110000}"#, #"\xZ"#, #"\pX"#, #"\p{Nothing}"#, #"\p{Greek"#,
      #"[\C]"#, #"[a-\d]"#, "[[:nothing:]]", #"[\b]"#, LinearPatternTests.deep,
    ] as [String])
  func `what Go refuses is refused`(expression: String) {
    #expect(throws: PatternError.self) { try LinearPattern(expression) }
  }

  @Test func `the reason is the engine's, and bounded`() {
    let error = #expect(throws: PatternError.self) { try LinearPattern("a(b") }
    #expect(error?.description == "missing ): a(b")
    let long = #expect(throws: PatternError.self) { try LinearPattern("(" + String(repeating: "é", count: 5000)) }
    #expect((long?.description.utf8.count ?? 0) < 1000)
  }

  /// Each of these keeps a backtracking engine busy for longer than the universe has.
  @Test(
    arguments: [
      (#"^https?://([^/]+\.)*example\.com/"#, "http://\(String(repeating: "a.", count: 50_000))x/"),
      ("^(a+)+$", "\(String(repeating: "a", count: 100_000))b"), ("(a|a)*c", String(repeating: "a", count: 100_000)),
      ("(.*)(.*)(.*)(.*)x", String(repeating: "a", count: 100_000)),
      // More states than the automaton may have.
      ("(a|b)*a(a|b){20}$", "\(String(repeating: "abbab", count: 20_000))c"),
    ] as [(String, String)])
  func `a hostile text is answered in linear time`(expression: String, text: String) throws {
    #expect(try !LinearPattern(expression).matches(text))
  }

  @Test func `threads match with one expression at once`() async throws {
    let pattern = try LinearPattern("^(a|b)*a(a|b){10}$")
    let matched = await withTaskGroup(of: Bool.self) { group in
      for index in 0..<64 {
        group.addTask {
          pattern.matches(String(repeating: "b", count: index) + "a" + String(repeating: "ab", count: 5))
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(matched == 64)
  }
}
