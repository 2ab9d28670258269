extension String {
  /// The text where it has at most `length` bytes, otherwise its beginning with an ellipsis: for what clients send and
  /// errors repeat.
  func cut(to length: Int) -> String {
    guard utf8.count > length else { return self }
    let ellipsis = "…"
    var end = utf8.index(utf8.startIndex, offsetBy: length - ellipsis.utf8.count)
    // Not inside a character's bytes.
    while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return self[..<end] + ellipsis
  }
}
