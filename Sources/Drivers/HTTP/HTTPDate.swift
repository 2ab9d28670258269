import Core

/// Dates of HTTP, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7: IMF-fixdate). The
/// obsolete forms, which no server sends any more, are not read.
public enum HTTPDate {
  private static let days = ["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Nanoseconds since 1970; nil where `text` is no such time, or too far away to count.
  public static func parse(_ text: String) -> Int64? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
    guard parts.count == 6, days.contains(parts[0]), let month = months.firstIndex(of: parts[2]), parts[5] == "GMT"
    else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    // HTTP's dates have no fractions of a second.
    guard parts[4].utf8.count == 8 else { return nil }
    return RFC3339.nanoseconds("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
  }

  /// Nanoseconds to add to this machine's time to get the server's, exact to a second or so: for signatures that the
  /// server refuses because of this machine's clock.
  /// - Parameters:
  ///   - date: the server's `Date`.
  ///   - now: nanoseconds since 1970, when it came.
  /// - Returns: nil where `date` is no time, or absurd.
  public static func offset(of date: String, from now: Int64) -> Int64? {
    parse(date).map { $0 - WallClock.clamped(now) }
  }
}
