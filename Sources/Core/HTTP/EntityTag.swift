/// The validator of a resource that is named by its content (RFC 9110, section 8.8.3): its digest. Always strong.
struct EntityTag: Equatable {
  private let value: String

  /// Of what has this digest.
  init(_ digest: Digest) {
    value = digest.description
  }

  /// For `ETag`.
  var field: String { "\"\(value)\"" }

  /// Whether `If-None-Match` (RFC 9110, section 13.1.2) names this tag, so that 304 is the answer: `*`, or a list of
  /// tags, weak ones too. A tag without quotes counts, as clients of docker/distribution send it.
  func matches(ifNoneMatch list: String?) -> Bool {
    guard let list else { return false }
    return EntityTag.members(list).contains { $0.text == "*" && !$0.quoted || $0.text == value }
  }

  /// Whether `If-Match` (RFC 9110, section 13.1.1) lets the request be answered: it is absent, `*`, or names this very
  /// tag; a weak one does not.
  func matches(ifMatch list: String?) -> Bool {
    guard let list else { return true }
    return EntityTag.members(list).contains { !$0.weak && ($0.text == "*" && !$0.quoted || $0.text == value) }
  }

  /// Whether `If-Range` (RFC 9110, section 13.1.5) lets a range be sent: it is absent or names this very tag.
  /// A weak tag or a date does not.
  func matches(ifRange condition: String?) -> Bool {
    condition.map { $0 == field || $0 == value } ?? true
  }

  /// A tag of a list, without what marks it.
  private struct Member {
    var text: Substring
    var quoted: Bool
    var weak: Bool
  }

  private static func members(_ list: String) -> [Member] {
    var members: [Member] = []
    var rest = Substring(list)
    while true {
      rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," }
      guard !rest.isEmpty else { return members }
      let weak = rest.utf8.starts(with: "W/".utf8)
      if weak { rest = rest.dropFirst(2) }
      if rest.first == "\"" {
        rest = rest.dropFirst()
        let text = rest.prefix { $0 != "\"" }
        members.append(Member(text: text, quoted: true, weak: weak))
        rest = rest[text.endIndex...].dropFirst()
      } else {
        let text = rest.prefix { $0 != "," && $0 != " " && $0 != "\t" }
        members.append(Member(text: text, quoted: false, weak: weak))
        rest = rest[text.endIndex...]
      }
    }
  }
}
