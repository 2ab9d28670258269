import Core
import Foundation
import TestSupport
import Testing

@testable import Drivers

private typealias Options = Configuration.Middleware.CloudFront

@Suite(.ownThread) struct CloudFrontTests {
  private static let blob = "/docker/registry/v2/blobs/sha256/ab/abcd/data"

  private let key: CloudFrontKey

  init() throws {
    key = try CloudFrontKey()
  }

  private func options(
    _ base: String = "https://cdn.example.com", keyPairID: String = "K2", filter: Options.Filter = .none
  ) -> Options {
    var options = Options()
    options.baseURL = BaseURL(base)
    options.privateKey = key.file
    options.keyPairID = keyPairID
    options.ipFilteredBy = filter
    return options
  }

  /// Made by botocore's CloudFrontSigner.
  @Test(arguments: [
    (
      "https://d111111abcdef8.cloudfront.net", "APKA9ONS7QCOWEXAMPLE", Int64(1_767_225_600),
      "AOUaktgA37pfDtiByofy-6kImE5DE-2~f90O658MF3tFmeZ1lyzyMYAwI~kdR5rgqYjE96JyTInKjYk3lYyCGmJ9stZ6nq2sCZRiiw7etssa"
        + "xcUEZy6TapxmCNfBeyel~sdzGonYD1h2G9wjvdjPvpxZhlKyeMZTE18qR5WBZGS7PcXOWK4T5Z-5lL05n0AERdhbl0ah13dJqisHEORxeS"
        + "rt9v5jRCQhZOEz86Hhjj7BMt1WZyXSXqOAukx2j-1vRJVY0~G0oq0kUX-LlfL4WugYgE4lD1OIST3iazgoM0Dnyd89etBdFNmXLkAcxdgZ"
        + "OBgZ7a2b-C62EwUZ6NOSpw__"
    ),
    (
      "https://cdn.example.com/a%20b", "K2JCJMDEHXQW5F", 4_102_444_800,
      "FUVWuw85VOwd-xwSNl5QDN87TFqtmbFY2hIzxyoLzaZp4rAw74xPq5RWaZ21KdFz4f3M19YtL4Nm5p4uoDrTjlRIegrrKZz-v67R87VeRxMY"
        + "ffPwclGfsLVK2NgmmaSOm2TWzQRFtBo6RctEpL7U3wmVwJDbI0cJoh46RoWUW8rZaLF7kUwiEIcRzDhEYEVDlO9slis4hhFxGYAi-WDbIw"
        + "oKrrKgicz5Afn8sW4JsfNTE529hUAiVrvIYSuqAio1eFzNYwgXLVMwzid7Eh3YwjQLO2gtKJXEqPCvlJv2ef5dQC4U4SQ5~xBR6YFWKVbZ"
        + "p80v8dGbdGO2Cp5KAk-5fg__"
    ),
  ])
  func `a URL is signed as Amazon's library does it`(
    base: String, keyPairID: String, expiry: Int64, signature: String
  ) throws {
    let middleware = try CloudFrontMiddleware(
      options(base, keyPairID: keyPairID), rootDirectory: "", direct: nil)
    #expect(
      try middleware.url(of: path(Self.blob), expiry: expiry)
        == "\(base)\(Self.blob)?Expires=\(expiry)&Signature=\(signature)&Key-Pair-Id=\(keyPairID)")
  }

  @Test func `openssl verifies the signature of the policy, with the key in either form`() throws {
    let publicKey = try key.made("rsa", "-in", "KEY", "-pubout")
    let pkcs8 = try key.made("pkcs8", "-topk8", "-nocrypt", "-in", "KEY")
    for file in [key.file, pkcs8] {
      let url = "https://cdn.example.com/x"
      let signed = try CloudFrontSigner(keyFile: file, keyPairID: "K2").signed(url, expiry: 7)
      let parts = signed.split { "?&=".contains($0) }.map(String.init)
      try #require(parts.count == 7)
      let base64 = String(parts[4].map { $0 == "-" ? "+" : $0 == "~" ? "/" : $0 == "_" ? "=" : $0 })
      let signature = try key.file(Array(try #require(Data(base64Encoded: base64))))
      let policy = try key.file(
        Array(
          "{\"Statement\":[{\"Resource\":\"\(url)\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":7}}}]}".utf8))
      let answer = try ChildProcess.output([
        "/usr/bin/openssl", "dgst", "-sha1", "-verify", publicKey, "-signature", signature, policy,
      ])
      #expect(answer.contains("Verified OK"))
    }
  }

  @Test(arguments: [
    ("", "/x/data"), ("/", "/x/data"), ("//root/", "/root/x/data"), ("a/b c", "/a/b%20c/x/data"),
  ])
  func `the bucket's objects lie below the storage's root`(root: String, expected: String) throws {
    let middleware = try CloudFrontMiddleware(options(), rootDirectory: root, direct: nil)
    #expect(
      try middleware.url(of: path("/x/data"), expiry: 1).hasPrefix("https://cdn.example.com\(expected)?Expires=1&"))
  }

  @Test func `what is no key for RSA is refused, and nobody is asked for a passphrase`() throws {
    let files = [
      try key.made("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
      try key.made("genpkey", "-algorithm", "ed25519"), try key.made("rsa", "-in", "KEY", "-pubout"),
      try key.made("rsa", "-in", "KEY", "-aes128", "-passout", "pass:secret"), try key.file([]),
      try key.file(Array("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n".utf8)),
      try key.file([UInt8](repeating: 0, count: 1 << 20)), "/dev/zero", "/", "/nowhere",
    ]
    for file in files {
      #expect(throws: StorageError.self, "\(file)") { try CloudFrontSigner(keyFile: file, keyPairID: "K2") }
    }
  }

  @Test(arguments: [
    ("192.0.2.77", false), ("192.0.3.1", true), ("::ffff:192.0.2.77", false), ("2001:db8::1", true), ("", true),
    ("unix:", true), ("192.0.2.77, 192.0.2.1", true),
  ])
  func `clients in Amazon's network get what the driver gives, all others CloudFront`(
    address: String, isSigned: Bool
  ) async throws {
    let options = options(filter: .aws)
    let addresses = AmazonAddresses(options, fetch: { _ in AmazonAddressesTests.document }, logger: .silent)
    let middleware = try CloudFrontMiddleware(options, rootDirectory: "", direct: addresses)
    let driver = MiddlewareDriver(middleware, over: FixedURL.driver())
    let request = DownloadRequest(clientAddress: address)
    func isCloudFront() async throws -> Bool {
      guard case .url(let url)? = try await driver.directURL(for: path("/x"), answering: request) else { return false }
      return url.hasPrefix("https://cdn.example.com/x?Expires=")
    }
    // Nothing is known yet.
    #expect(try await isCloudFront())
    #expect(await addresses.update())
    #expect(try await isCloudFront() == isSigned)
  }
}
