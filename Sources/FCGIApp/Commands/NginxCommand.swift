import ArgumentParser
import Core
import Glibc

/// `berth nginx`
struct NginxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nginx",
    abstract: "Print the nginx configuration that a registry's configuration asks for.",
    discussion: """
      Uses http.addr, http.net, http.host, http.prefix, http.tls, http.http2, http.headers and http.trustedproxies; \
      fastcgi.address, fastcgi.upstreams, fastcgi.accelprefix, fastcgi.resolver and fastcgi.blobcache; \
      storage.filesystem.rootdirectory, storage.filesystem.followsymlinks, storage.s3 and storage.redirect; and for \
      downloads from another host middleware.storage.

      Exit status: 0; 1 if the configuration has errors or nginx can't express it.

      Examples:
        berth nginx config.yml > nginx.conf && nginx -p "$PWD" -c nginx.conf
        berth nginx --part site config.yml > /etc/nginx/sites-enabled/berth.conf
        berth nginx --part http config.yml > /etc/nginx/conf.d/berth-http.conf
        berth nginx --part server config.yml > /etc/nginx/snippets/berth.conf
        berth nginx --part download config.yml > /etc/nginx/sites-enabled/berth-download.conf
      """)

  @Option(
    help: """
      What to print: complete (a whole nginx.conf), site (what belongs in http, with a server), http and server (to \
      include in the http block and in a server block that you have), download (the server that middleware redirect \
      sends clients to; it holds the secret).
      """)
  var part = NginxConfiguration.Part.complete

  @Option(
    help: """
      User that nginx's workers run as (part complete only). Default: root if root runs this command; otherwise no \
      user directive is printed.
      """,
    transform: ArgumentValue.userName)
  var user: String?

  @OptionGroup var file: ConfigurationFileArgument

  func run() throws {
    do {
      let loaded = try file.load()
      printErrors(loaded.warnings)
      print(try text(loaded), terminator: "")
    } catch let error as ConfigurationError {
      printErrors(error.problems)
      throw ExitCode(1)
    }
  }

  private func text(_ loaded: Configuration.Loaded) throws(ConfigurationError) -> String {
    // nginx's workers need access to the storage and to the socket, which the service's user has.
    let nginx = NginxConfiguration(configuration: loaded.configuration, user: user ?? (geteuid() == 0 ? "root" : nil))
    do {
      return try nginx.text(part)
    } catch {
      throw ConfigurationError(problems: [loaded.problem(.error, error.key, error.message, remedy: error.remedy)])
    }
  }
}

extension NginxConfiguration.Part: ExpressibleByArgument {}
