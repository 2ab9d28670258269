import Core

/// What nginx calls the parts of one registry: upstream groups, variables, log formats, zones and named locations.
///
/// One nginx may serve several registries, and takes most names once. So each begins with what no two registries
/// share: where nginx finds the workers.
struct NginxNames {
  /// What every name begins with: `berth` where workers listen at the default address, such as
  /// `berth_run_hub_sock` elsewhere.
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

  /// The longest text of an address in names. nginx takes variables of up to 46 bytes
  /// (`variables_hash_bucket_size`), and names go on behind it.
  private static let longestWord = 27

  /// An address as part of a variable's name: each run of other characters becomes one underscore. Of a long one the end
  /// is kept, with a checksum of all.
  private static func word(_ address: String) -> String {
    let parts = address.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let text = parts.joined(separator: "_")
    guard text.utf8.count > longestWord else { return "_" + text }
    let checksum = ContentHasher.digest(.sha256, of: Array(address.utf8)).hex.prefix(8)
    let end = text.suffix(longestWord - 1 - checksum.utf8.count).drop { $0 == "_" }
    return "_\(end)_\(checksum)"
  }
}
