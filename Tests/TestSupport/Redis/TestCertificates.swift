import Foundation

/// An authority of a test's own, and certificates of a server (localhost, 127.0.0.1) and a client.
package struct TestCertificates {
  private let folder: TemporaryFolder

  package init() throws {
    folder = try TemporaryFolder()
    try openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")(
      "-subj", "/CN=Test Authority", "-keyout", folder / "ca.key", "-out", authority)
    try issue("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    try issue("client", "subjectAltName=DNS:client")
  }

  package var authority: String { folder / "ca.crt" }
  package var server: (certificate: String, key: String) { (folder / "server.crt", folder / "server.key") }
  package var client: (certificate: String, key: String) { (folder / "client.crt", folder / "client.key") }

  private func issue(_ name: String, _ extensions: String) throws {
    try (extensions + "\n").write(toFile: folder / "\(name).ext", atomically: true, encoding: .utf8)
    try openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)")(
      "-keyout", folder / "\(name).key", "-out", folder / "\(name).csr")
    try openssl("x509", "-req", "-in", folder / "\(name).csr", "-CA", authority, "-CAkey", folder / "ca.key")(
      "-CAcreateserial", "-days", "2", "-extfile", folder / "\(name).ext", "-out", folder / "\(name).crt")
  }

  private func openssl(_ first: String...) -> (String...) throws -> Void {
    { _ = try ChildProcess.output(["/usr/bin/openssl"] + first + $0) }
  }
}
