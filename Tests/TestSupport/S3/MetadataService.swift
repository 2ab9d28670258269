import Foundation

/// The metadata service of an EC2 instance, version 2, which gives what a test says.
///
/// A stub: there is none outside of Amazon's network. botocore takes it for what it is (``botocore()``).
package final class MetadataService: Sendable {
  package let port: UInt16
  private let folder: TemporaryFolder
  private let process: ChildProcess

  /// An access key and its secret.
  package struct Key: Sendable, Equatable {
    package var access: String
    package var secret: String

    /// A new one.
    package init() {
      access = "BERTHTEMPORARY" + UUID().uuidString.prefix(8)
      secret = UUID().uuidString
    }
  }

  /// - Parameter lifetime: seconds for which it says that a key is good, each time that it is asked.
  package init(giving key: Key, lifetime: Int) throws {
    folder = try TemporaryFolder()
    port = try FreePort.next()
    try Self.write(key, to: folder)
    process = try ChildProcess(
      [try PythonEnvironment.python(), "-c", Self.script, "\(port)", "\(lifetime)", folder / "key", folder / "given"],
      log: folder / "log")
    try Eventually.holds("the metadata service listens") {
      guard process.isRunning else { throw WireClient.Failure(description: "it ended: \(text("log"))") }
      return (try? WireClient.Connection(port: port)) != nil
    }
  }

  /// Gives another key from now on.
  package func give(_ key: Key) throws {
    try Self.write(key, to: folder)
  }

  private static func write(_ key: Key, to folder: TemporaryFolder) throws {
    try "\(key.access) \(key.secret)".write(toFile: folder / "key", atomically: true, encoding: .utf8)
  }

  private func text(_ name: String) -> String {
    (try? String(contentsOfFile: folder / name, encoding: .utf8)) ?? ""
  }

  /// For the processes of who asks it.
  package var environment: [String: String] {
    ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(port)/", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"]
  }

  /// The access keys that it has given so far, and until when it said that they are good, in seconds since 1970.
  package var given: [(access: String, end: Double)] {
    text("given").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 2, let end = Double(words[1]) else { return nil }
      return (String(words[0]), end)
    }
  }

  /// The access key that Amazon's own client gets from it; empty where it gets none.
  package func botocore() throws -> String {
    let script = """
      from botocore.utils import InstanceMetadataFetcher
      fetcher = InstanceMetadataFetcher(base_url="http://127.0.0.1:\(port)/", timeout=60, num_attempts=1)
      print(fetcher.retrieve_iam_role_credentials().get("access_key", ""))
      """
    return try ChildProcess.output([try PythonEnvironment.python(), "-c", script])
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static let script = #"""
    import datetime
    import json
    import sys
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    port, lifetime, key, given = sys.argv[1:]
    roles = "/latest/meta-data/iam/security-credentials/"

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            if self.path != "/latest/api/token" or not self.headers["x-aws-ec2-metadata-token-ttl-seconds"]:
                return self.answer(400, "")
            self.answer(200, "TheTokenOfThisInstance==")

        def do_GET(self):
            if self.headers["x-aws-ec2-metadata-token"] != "TheTokenOfThisInstance==":
                return self.answer(401, "")
            if self.path == roles:
                return self.answer(200, "berth-role")
            if self.path != roles + "berth-role":
                return self.answer(404, "")
            with open(key) as file:
                access, secret = file.read().split()
            now = datetime.datetime.now(datetime.timezone.utc)
            end = now + datetime.timedelta(seconds=int(lifetime))
            with open(given, "a") as file:
                file.write(f"{access} {end.timestamp()}\n")
            form = "%Y-%m-%dT%H:%M:%SZ"
            self.answer(200, json.dumps({
                "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": now.strftime(form), "AccessKeyId": access,
                "SecretAccessKey": secret, "Token": "none", "Expiration": end.strftime(form)}))

        def answer(self, status, text):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(body)

    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
    """#
}
