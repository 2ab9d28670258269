import Glibc

/// Points in time as the layout on disk writes them: UTC, whole seconds.
extension RFC3339 {
  /// Now.
  static var now: String {
    text(secondsSince1970: Int64(time(nil)))
  }

  /// `YYYY-MM-DDThh:mm:ssZ`
  package static func text(secondsSince1970 seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    let date = "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
    return "\(date)T\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))Z"
  }

  private static func padded(_ number: Int, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
