import Core
import Drivers
import Foundation
import HTTPTypes
import RedisCache
import TestSupport
import Testing

@Suite(.ownThread) struct CommandTests {
  /// Runs `berth` with a configuration in a file; gives the exit status and what it printed.
  private func berth(
    _ arguments: [String], _ text: String, environment: [String: String] = [:], namesFile: Bool = true
  ) throws -> (status: Int32, output: String, errors: String) {
    let folder = try TemporaryFolder()
    let file = folder / "config.yml"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    var environment = environment
    if !namesFile { environment["REGISTRY_CONFIGURATION_PATH"] = file }
    let outcome = try ChildProcess.run(
      [try RegistryServer.berthExecutable()] + arguments + (namesFile ? [file] : []), environment: environment)
    return (outcome.status, outcome.output, outcome.errors.replacingOccurrences(of: file, with: "config.yml"))
  }

  @Test func `check prints the result, with secrets masked`() throws {
    let (status, output, errors) = try berth(
      ["check"], "version: 0.1\nstorage: filesystem\nhttp: {secret: hush}\n",
      environment: ["REGISTRY_LOG_LEVEL": "debug"])
    #expect(status == 0)
    #expect(output.hasPrefix("version: 0.1\n"))
    #expect(output.contains("level: debug") && output.contains("rootdirectory: /var/lib/registry"))
    #expect(output.contains("secret: \"********\"") && !output.contains("hush"))
    #expect(errors.isEmpty)
  }

  @Test func `check prints every problem, and fails where one is an error`() throws {
    let (status, output, errors) = try berth(
      ["check"], "version: 0.1\nstorage: filesystem\nhttp:\n  adr: x\nfastcgi:\n  workers: 0\n")
    #expect(status == 1)
    #expect(output.isEmpty)
    let lines = errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("config.yml:4: warning: http.adr: ") == true)
    #expect(lines.last?.hasPrefix("config.yml:6: error: fastcgi.workers: ") == true)
  }

  @Test func `the environment may name the file`() throws {
    #expect(try berth(["check"], "version: 0.1\nstorage: inmemory\n", namesFile: false).status == 0)
    #expect(try berth(["check"], "storage: inmemory\n", namesFile: false).status == 1)
  }

  /// Every command of `berth --experimental-dump-help`, as the words that call it, with its positional arguments.
  private static func commands() throws -> [(words: [String], arguments: [String])] {
    struct Help: Decodable {
      struct Argument: Decodable {
        var kind: String
        var valueName: String?
      }
      struct Command: Decodable {
        var commandName: String
        var shouldDisplay: Bool
        var subcommands: [Command]?
        var arguments: [Argument]?
      }
      var command: Command
    }
    let dump = try ChildProcess.output([try RegistryServer.berthExecutable(), "--experimental-dump-help"])
    func leaves(_ command: Help.Command, _ above: [String]) -> [(words: [String], arguments: [String])] {
      // Others are for `berth serve` to start.
      guard command.shouldDisplay else { return [] }
      let below = command.subcommands ?? []
      if below.isEmpty {
        return [(above, (command.arguments ?? []).filter { $0.kind == "positional" }.compactMap(\.valueName))]
      }
      return below.flatMap { leaves($0, above + [$0.commandName]) }
    }
    return leaves(try JSONDecoder().decode(Help.self, from: Data(dump.utf8)).command, [])
      .filter { $0.words.first != "help" }
  }

  @Test func `every command takes the file from the environment, and its other arguments from where they stand`() throws
  {
    let commands = try Self.commands()
    #expect(commands.count >= 8)
    for (words, arguments) in commands {
      #expect(arguments.first == "config", "\(words)")
      let operands = arguments.dropFirst().map { _ in "a" }
      for (given, variable) in [(operands, "/absent/named"), (["/absent/given"] + operands, "/absent/other")] {
        let outcome = try ChildProcess.run(
          [try RegistryServer.berthExecutable()] + words + given, environment: ["REGISTRY_CONFIGURATION_PATH": variable]
        )
        let expected = given.count == operands.count ? "/absent/named" : "/absent/given"
        #expect(outcome.errors.contains(expected) && !outcome.errors.contains("/absent/other"), "\(words) \(given)")
        #expect([1, 78].contains(outcome.status), "\(words) \(given): \(outcome.status)")
      }
      for (given, variable) in [(operands, ""), (operands + ["a", "a"], "/absent/named")] {
        let outcome = try ChildProcess.run(
          [try RegistryServer.berthExecutable()] + words + given, environment: ["REGISTRY_CONFIGURATION_PATH": variable]
        )
        #expect(outcome.status == 64, "\(words) \(given)")
      }
    }
  }

  @Test func `where an argument is missing, the message says so, and what the file has to do with it`() throws {
    func errors(_ arguments: [String]) throws -> String {
      let outcome = try ChildProcess.run(
        [try RegistryServer.berthExecutable()] + arguments, environment: ["REGISTRY_CONFIGURATION_PATH": ""])
      return outcome.errors.split { $0.isWhitespace }.joined(separator: " ")
    }
    #expect(try errors(["check"]).contains("Name a configuration file, or set REGISTRY_CONFIGURATION_PATH."))
    for arguments in [["repository", "delete", "config.yml"], ["tag", "history", "config.yml", "a"]] {
      let text = try errors(arguments)
      #expect(text.contains("One argument is missing. The configuration file may be left out only where "), "\(text)")
      #expect(text.contains("REGISTRY_CONFIGURATION_PATH names it"), "\(text)")
    }
    #expect(try errors(["tag", "history", "config.yml"]).contains("2 arguments are missing"))
  }

  @Test func `help names the keys that nginx's configuration depends on`() throws {
    let help = try ChildProcess.run([try RegistryServer.berthExecutable(), "nginx", "--help"], environment: [:]).output
    // A sentence may end behind a key.
    let words = help.split { $0.isWhitespace || ",;".contains($0) }.map { $0.hasSuffix(".") ? $0.dropLast() : $0 }
    for key in [
      "http.addr", "http.net", "http.host", "http.prefix", "http.tls", "http.http2", "http.headers",
      "http.trustedproxies", "fastcgi.address", "fastcgi.upstreams", "fastcgi.accelprefix", "fastcgi.resolver",
      "fastcgi.blobcache", "storage.filesystem.rootdirectory", "storage.filesystem.followsymlinks", "storage.s3",
      "storage.redirect", "middleware.storage",
    ] {
      #expect(words.contains(key[...]), "\(key)")
    }
  }

  @Test func `the page of what to install has the package of each library that the executable needs`() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/operations.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let header = try ChildProcess.output(["/usr/bin/readelf", "-d", try RegistryServer.berthExecutable()])
    let libraries = header.matches(of: /\(NEEDED\).*\[(.+)\]/).map { String($0.output.1) }
    #expect(libraries.contains { $0.hasPrefix("libfcgi") })
    // Every Debian has these.
    let basic: Set<Substring> = ["libc6", "libgcc-s1"]
    for library in libraries {
      let owners = try ChildProcess.run(["/usr/bin/dpkg-query", "--search", "*/\(library)"], environment: [:]).output
      // No package has Swift's libraries, which are linked to a debug build alone.
      guard let package = owners.split(separator: ":").first, !basic.contains(package) else { continue }
      #expect(text.contains("`\(package)`"), "\(library)")
    }
  }

  @Test func `the usage of a command names its options`() throws {
    for (words, _) in try Self.commands() {
      let help = try ChildProcess.run([try RegistryServer.berthExecutable()] + words + ["--help"], environment: [:])
        .output
      let parts = help.components(separatedBy: "\nOPTIONS:\n")
      guard parts.count == 2, !parts[0].contains("[<options>]") else { continue }
      let usage = parts[0].components(separatedBy: "USAGE:").last ?? ""
      for line in parts[1].split(separator: "\n") {
        guard let option = line.split(separator: " ").first(where: { $0.hasPrefix("--") }), line.hasPrefix("  -"),
          !["--help", "--version"].contains(option)
        else { continue }
        #expect(usage.contains(option), "\(words): \(option)")
      }
    }
  }

  @Test func `the page of exit codes has those that help names`() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/operations.md")
    var described: [String: Set<Int>] = [:]
    for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") where line.hasPrefix("| `berth ") {
      let cells = line.split(separator: "|")
      let command = cells[0].filter { $0 != "`" }.trimmingCharacters(in: .whitespaces)
      let codes = cells[2].split(separator: ";").compactMap { $0.split(separator: ":").first }
      described[command] = Set(codes.compactMap { Int($0.trimmingCharacters(in: .whitespaces)) })
    }
    for (words, _) in try Self.commands() {
      let help = try ChildProcess.run([try RegistryServer.berthExecutable()] + words + ["--help"], environment: [:])
      let status = try #require(help.output.components(separatedBy: "Exit status: ").dropFirst().first, "\(words)")
      let sentence = status.components(separatedBy: "\n\n")[0]
      let codes = Set(sentence.split { !$0.isNumber }.compactMap { Int($0) }).subtracting([0])
      #expect(described["berth " + words.joined(separator: " ")] == codes, "\(words)")
    }
  }

  @Test func `the version says which commit this is and what was built in`() throws {
    let (status, output, _) = try berth(["--version"], "", namesFile: false)
    let lines = output.split(separator: "\n")
    #expect(status == 0 && lines.count == 4)
    #expect(lines.first?.hasPrefix("berth, commit ") == true)
    #expect(lines.contains("storage drivers: filesystem, inmemory, s3, s3aws"))
    let tls = RedisTLSSupport.isAvailable ? "with" : "without"
    #expect(lines.contains("caches of blob descriptors: inmemory, redis (\(tls) TLS)"))
    #expect(lines.contains("storage middleware: cloudfront, redirect, rewrite"))
  }

  @Test func `nginx prints each part, and fails with what can't be expressed`() throws {
    let text = "version: 0.1\nstorage: filesystem\nfastcgi: {address: /run/x.sock}\n"
    for (part, expected) in [
      ("complete", "events {"), ("site", "server {"), ("http", "server unix:/run/x.sock"),
      ("server", "location /v2/ {"),
    ] {
      let (status, output, _) = try berth(["nginx", "--part", part], text)
      #expect(status == 0)
      #expect(output.contains(expected))
    }
    let (status, output, errors) = try berth(
      ["nginx"], "version: 0.1\nstorage: {filesystem: {rootdirectory: /srv/$x}}\n")
    #expect(status == 1)
    #expect(output.isEmpty && errors.contains("/srv/$x"))
    #expect(errors.hasPrefix("config.yml:2: error: storage.filesystem.rootdirectory: "))
  }

  @Test func `nginx takes the name of a user, and nothing else in its place`() throws {
    let text = "version: 0.1\nstorage: filesystem\n"
    #expect(try berth(["nginx", "--user", "www-data"], text).output.contains("user www-data;\n"))
    for user in ["www-data; evil", "a b", "", "{", "$x", "é"] {
      let (status, output, errors) = try berth(["nginx", "--user", user], text)
      #expect(status == 64 && output.isEmpty && errors.contains("name"), "\(user)")
    }
  }

  @Test(arguments: [
    ("fastcgi:\n  owner: nobody-at-all", "fastcgi.owner"), ("fastcgi:\n  group: nobody-at-all", "fastcgi.group"),
    ("fastcgi:\n  address: /nowhere/at/all.sock", "fastcgi.address"),
    ("http: {net: unix,\n  addr: /nowhere/at/all.sock}", "http.addr"),
  ])
  func `check and serve name the line of what this machine does not have`(_ text: String, _ key: String) throws {
    let text = "version: 0.1\nstorage: inmemory\n\(text)\n"
    for (command, expected, severity) in [("check", Int32(0), "warning"), ("serve", 78, "error")] {
      let (status, _, errors) = try berth([command], text)
      #expect(status == expected)
      #expect(errors.hasPrefix("config.yml:4: \(severity): \(key): "), "\(errors)")
    }
    #expect(try berth(["nginx"], text).status == 0)
  }

  @Test(arguments: [
    (
      "storage: {filesystem: , cache: {blobdescriptor: redis}}\nredis:\n  addrs: [\"redis://u:hush@h:6379\"]",
      "config.yml:4: error: redis.addrs: '"
    ),
    (
      "storage: {filesystem: , cache: {blobdescriptor: redis}}\nredis:\n  addr: u:hush@h:x",
      "config.yml:4: error: redis.addr: '"
    ),
    (
      "storage:\n  s3:\n    bucket: b\n    regionendpoint: https://u:hush@h/x",
      "config.yml:5: error: storage.s3.regionendpoint: "
    ),
  ])
  func `what is found to be wrong with a server's address has its line, and not its user`(
    _ text: String, _ expected: String
  ) throws {
    let (status, output, errors) = try berth(["check"], "version: 0.1\n\(text)\n")
    #expect(status == 1 && output.isEmpty)
    #expect(errors.hasPrefix(expected) && errors.contains("********@h") && !errors.contains("hush"), "\(errors)")
  }

  @Test(arguments: ["serve", "repository", "tag"])
  func `help has examples`(_ command: String) throws {
    let outcome = try ChildProcess.run([try RegistryServer.berthExecutable(), command, "--help"], environment: [:])
    #expect(outcome.output.contains("Examples:\n"))
  }

  private static let redirect =
    "middleware: {storage: [{name: redirect, options: {baseurl: \"https://dl.test/x\", secret: 0123456789abcdef}}]}\n"

  @Test func `nginx prints a server for downloads, and says what is missing for one`() throws {
    let start = "version: 0.1\nstorage: filesystem\n"
    let (status, output, errors) = try berth(["nginx", "--part", "download"], start + Self.redirect)
    #expect(status == 0 && errors.isEmpty)
    for expected in [
      "listen 443 ssl http2;", "server_name dl.test;", "ssl_certificate /etc/letsencrypt/live/dl.test/fullchain.pem;",
      "secure_link_md5 \"$secure_link_expires$uri 0123456789abcdef\";", "alias \"/var/lib/registry$berth_path\";",
    ] {
      #expect(output.contains(expected), "\(expected)")
    }
    for text in [
      start, start + "middleware: {storage: [{name: redirect, options: {baseurl: \"https://dl.test\"}}]}",
      "version: 0.1\nstorage: inmemory\n" + Self.redirect,
      "version: 0.1\nstorage: {filesystem: {rootdirectory: /srv/$x}}\n" + Self.redirect,
    ] {
      let (status, output, errors) = try berth(["nginx", "--part", "download"], text)
      #expect(status == 1 && output.isEmpty && !errors.isEmpty)
      #expect(!errors.contains("0123456789abcdef"))
    }
  }

  @Test func `check looks at the key of cloudfront`() throws {
    let folder = try TemporaryFolder()
    let start =
      "version: 0.1\nstorage: filesystem\nmiddleware: {storage: [{name: cloudfront, options: {baseurl: cdn.test, "
    _ = try ChildProcess.output(["/usr/bin/openssl", "genrsa", "-out", folder / "key.pem", "2048"])
    let (status, _, errors) = try berth(["check"], "\(start)privatekey: /nowhere, keypairid: K}}]}\n")
    #expect(status == 1)
    #expect(errors.contains("config.yml:3: error: middleware.storage[0].options.privatekey: "))
    for filter in ["", ", ipfilteredby: aws"] {
      let options = "privatekey: \(folder / "key.pem"), keypairid: K\(filter)"
      #expect(try berth(["check"], "\(start)\(options)}}]}\n").status == 0)
    }
  }

  @Test func `nginx sends a blob of the registry with each header field once`() async throws {
    let client = WireClient(port: try RegistryServer.shared.get().port)
    let name = Deployment.uniqueName()
    let content = Array("the content of a blob".utf8)
    let digest = ContentHasher.digest(.sha256, of: content)
    let pushed = try await client.send(
      TestRequest(.post, "/v2/\(name)/blobs/uploads/?digest=\(digest)", body: content))
    #expect(pushed.status == 201)
    let pulled = try await client.send(TestRequest(.get, "/v2/\(name)/blobs/\(digest)"))
    #expect(pulled.body == content)
    for field in [HTTPField.Name.acceptRanges, .eTag, .contentType, .cacheControl] {
      #expect(pulled.fields[values: field].count == 1, "\(field)")
    }
  }
}
