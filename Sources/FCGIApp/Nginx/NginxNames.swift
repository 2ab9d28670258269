import Core

/// The names in one registry's nginx configuration: upstream groups, variables, log formats, zones and named locations.
///
/// One nginx may serve several registries, and most names must be unique. So each begins with the address of the
/// workers, which no two registries share.
struct NginxNames {
  /// Prefix of every name: `berth` if workers listen at the default address; otherwise such as `berth_run_hub_sock`.
  let base: String
  /// The path of errors that nginx finds before it has a URI to serve; `@\(base)_error` is for all others.
  let errorPath: String

  init(_ configuration: Configuration) {
    let address = configuration.fastcgi.upstreams.first ?? configuration.fastcgi.address
    if address == Configuration.FastCGI().address {
      base = "berth"
    } else {
      base = "berth" + Self.word(address.text)
    }
    errorPath = configuration.http.prefix + "_berth_error"
  }

  /// The longest text of an address in names. nginx accepts variables of up to 46 bytes
  /// (`variables_hash_bucket_size`), and names have suffixes.
  private static let longestWord = 27

  /// An address as part of a variable's name: each run of other characters becomes one underscore. If another address
  /// could give the same name, or the text is too long (then its end is kept), a checksum of the address is appended.
  private static func word(_ address: String) -> String {
    let parts = address.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let text = parts.joined(separator: "_")
    if text.utf8.count <= longestWord, isReversible(address) { return "_" + text }
    let checksum = ContentHasher.digest(.sha256, of: Array(address.utf8)).hex.prefix(8)
    let end = text.suffix(longestWord - 1 - checksum.utf8.count).drop { $0 == "_" }
    return "_\(end)_\(checksum)"
  }

  /// Whether no other address has the same words: a path whose only dot is that of `.sock`, or names or numbers between
  /// dots and a port. The last word shows which of them it is, and neither looks like a checksum. Capitals are
  /// excluded, because nginx's variables have none.
  private static func isReversible(_ address: String) -> Bool {
    address.wholeMatch(of: /(\/[a-z0-9]+)+\.sock|[a-z0-9]+(\.[a-z0-9]+)*:[0-9]{1,5}/) != nil
  }
}
