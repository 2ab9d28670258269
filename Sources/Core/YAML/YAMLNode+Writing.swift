extension YAMLNode {
  /// The value as block-style YAML that parses back to the same, ending in a newline.
  var text: String {
    var output = ""
    write(to: &output, indent: 0, inline: false)
    return output
  }

  /// Whether it takes one line: a scalar, a list of scalars, an empty map.
  private var isFlat: Bool {
    switch content {
    case .scalar: true
    case .sequence(let elements): elements.allSatisfy { $0.scalar != nil }
    case .mapping(let entries): entries.isEmpty
    }
  }

  private var flat: String {
    switch content {
    case .scalar(let scalar): scalar.literal
    case .sequence(let elements): "[" + elements.map(\.flat).joined(separator: ", ") + "]"
    case .mapping: "{}"
    }
  }

  /// `inline`: the first line's indentation is there already.
  private func write(to output: inout String, indent: Int, inline: Bool) {
    let margin = String(repeating: " ", count: indent)
    if isFlat {
      output += (inline ? "" : margin) + flat + "\n"
      return
    }
    for (index, element) in (elements ?? []).enumerated() {
      output += (inline && index == 0 ? "" : margin) + "- "
      element.write(to: &output, indent: indent + 2, inline: true)
    }
    for (index, entry) in (entries ?? []).enumerated() {
      output += (inline && index == 0 ? "" : margin) + YAMLScalar(text: entry.key, isString: true).literal + ":"
      if entry.value.isFlat {
        output += " " + entry.value.flat + "\n"
      } else {
        output += "\n"
        entry.value.write(to: &output, indent: indent + 2, inline: false)
      }
    }
  }
}

extension YAMLScalar {
  /// As it is written: plain where that reads back as the same, else in double quotes.
  fileprivate var literal: String {
    guard isString else { return text }
    if isSafePlain { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\" + String(scalar)
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\0"..."\u{1F}", "\u{7F}"..."\u{A0}", "\u{2028}"..."\u{2029}", "\u{FEFF}", "\u{FFFE}"..."\u{FFFF}":
        // What YAML takes for the end of a line, or refuses.
        let hex = String(scalar.value, radix: 16, uppercase: true)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
  private var isSafePlain: Bool {
    let plain = YAMLScalar(text: text, isString: false)
    guard !plain.isNull, plain.boolean == nil else { return false }
    for (index, scalar) in text.unicodeScalars.enumerated() {
      switch scalar {
      case "a"..."z", "A"..."Z", "/": continue
      case "0"..."9", ".", "_", "-", "+": if index == 0 { return false }
      default: return false
      }
    }
    return true
  }
}
