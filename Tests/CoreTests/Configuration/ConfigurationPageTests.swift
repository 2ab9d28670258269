import Foundation
import Testing

@testable import Core

/// docs/configuration.md says of every key what the code says.
@Suite struct ConfigurationPageTests {
  /// A row of a table of keys: `key`, default, effect, difference.
  private struct Row {
    let key: String
    /// The first word in the column of defaults that stands as code.
    let defaultText: String
    let effect: String
  }

  private let rows: [Row]

  init() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../docs/configuration.md")
    rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 6, let key = Self.code(cells[1]) else { return nil }
      return Row(key: key, defaultText: Self.code(cells[2]) ?? "", effect: cells[3])
    }
  }

  /// The first text between backquotes.
  private static func code(_ cell: String) -> String? {
    let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
    return parts.count > 2 ? String(parts[1]) : nil
  }

  @Test func `the page has every key that is read, and no other`() {
    let keys = Set(KeyCollector.all().map(\.path))
    let described = Set(rows.map(\.key))
    #expect(keys.count > 150)
    #expect(keys.subtracting(described).sorted() == [], "they lack a row")
    #expect(described.subtracting(keys).sorted() == [], "no code reads them")
  }

  @Test func `the page has the defaults of the code`() {
    let keys = Dictionary(grouping: KeyCollector.all(), by: \.path)
    for row in rows {
      let defaults = (keys[row.key] ?? []).map(\.defaultText)
      #expect(defaults.contains { Self.isSame($0, row.defaultText) }, "\(row.key): \(row.defaultText), not \(defaults)")
    }
  }

  private static func isSame(_ first: String, _ second: String) -> Bool {
    if first == second { return true }
    guard let duration = Duration(goText: first) else { return false }
    return duration == Duration(goText: second)
  }

  @Test func `the page says of keys without effect that they have none`() {
    let keys = Dictionary(grouping: KeyCollector.all(), by: \.path)
    for row in rows {
      let hasNoEffect = keys[row.key]?.allSatisfy(\.hasNoEffect) == true
      #expect(row.effect.hasPrefix("No effect") == hasNoEffect, "\(row.key): \(row.effect)")
    }
  }
}
