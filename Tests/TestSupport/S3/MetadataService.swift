import Foundation

/// The metadata service of an EC2 instance, version 2, which gives sessions of radosgw that soon end.
///
/// A stub: there is none outside of Amazon's network. Its sessions are real ones, and botocore takes it for what it is
/// (``botocore()``).
package final class MetadataService: Sendable {
  package let port: UInt16
  private let folder: TemporaryFolder
  private let store: ObjectStore
  private let process: ChildProcess

  /// One session that it has given.
  package struct Session: Sendable, Decodable {
    package var AccessKeyId: String
    package var SecretAccessKey: String
    package var Token: String
    /// Seconds since 1970.
    package var end: Double
  }

  /// - Parameter lifetime: seconds, of each session.
  package init(_ store: ObjectStore, lifetime: Int) throws {
    self.store = store
    folder = try TemporaryFolder()
    port = try FreePort.next()
    process = try ChildProcess(
      [
        try PythonEnvironment.python(), "-c", Self.script, "\(port)", store.endpoint, store.accessKey, store.secretKey,
        "\(lifetime)", folder / "sessions",
      ], log: folder / "log")
    try Eventually.holds("the metadata service listens") {
      guard process.isRunning else {
        throw WireClient.Failure(description: "it ended: \(log)")
      }
      return (try? WireClient.Connection(port: port)) != nil
    }
  }

  /// For the processes of who asks it.
  package var environment: [String: String] {
    ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(port)/", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"]
  }

  /// What it has printed.
  package var log: String { (try? String(contentsOfFile: folder / "log", encoding: .utf8)) ?? "" }

  /// What it has given so far.
  package var sessions: [Session] {
    let text = (try? String(contentsOfFile: folder / "sessions", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap {
      try? JSONDecoder().decode(Session.self, from: Data($0.utf8))
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

    import boto3
    from botocore.config import Config

    port, endpoint, access_key, secret_key, lifetime, log = sys.argv[1:]
    sts = boto3.client(
        "sts", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access_key,
        aws_secret_access_key=secret_key, config=Config(parameter_validation=False))

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            if self.path != "/latest/api/token" or not self.headers["x-aws-ec2-metadata-token-ttl-seconds"]:
                return self.answer(400, "")
            self.answer(200, "the token of this instance")

        def do_GET(self):
            if self.headers["x-aws-ec2-metadata-token"] != "the token of this instance":
                return self.answer(401, "")
            path = "/latest/meta-data/iam/security-credentials/"
            if self.path == path:
                return self.answer(200, "berth-role")
            if self.path != path + "berth-role":
                return self.answer(404, "")
            session = sts.get_session_token(DurationSeconds=int(lifetime))["Credentials"]
            now = datetime.datetime.now(datetime.timezone.utc)
            end = now + datetime.timedelta(seconds=int(lifetime))
            document = {
                "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "AccessKeyId": session["AccessKeyId"], "SecretAccessKey": session["SecretAccessKey"],
                "Token": session["SessionToken"], "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
            with open(log, "a") as file:
                file.write(json.dumps({**document, "end": end.timestamp()}) + "\n")
            self.answer(200, json.dumps(document))

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
