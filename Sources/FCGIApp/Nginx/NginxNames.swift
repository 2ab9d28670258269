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

  /// An address as part of a variable's name: each run of other characters becomes one underscore.
  private static func word(_ address: String) -> String {
    address.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.map { "_" + $0 }.joined()
  }
}
