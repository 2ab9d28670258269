import Core
import Testing

@testable import Drivers

/// The examples of Amazon's documentation of S3, and what no vector says.
struct SigV4SignerTests {
  private static let credentials = S3Credentials(
    accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
  private static let signer = SigV4Signer(region: "us-east-1")
  private static let host = "examplebucket.s3.amazonaws.com"
  private static let now = RFC3339.nanoseconds("2013-05-24T00:00:00Z") ?? 0

  private static func authorization(
    _ method: String, _ path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], payload: SigV4PayloadHash = .empty
  ) -> String? {
    signer.headers(
      method: method, host: host, path: S3RequestTarget.path(path), query: query, headers: headers,
      payloadHash: payload, credentials: credentials, at: now
    ).first { $0.name == "Authorization" }?.value
  }

  private static func expected(_ names: String, _ signature: String) -> String {
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=\(names), "
      + "Signature=\(signature)"
  }

  @Test func `gets an object's range as documented`() {
    #expect(
      Self.authorization("GET", "/test.txt", headers: [("Range", "bytes=0-9")])
        == Self.expected(
          "host;range;x-amz-content-sha256;x-amz-date",
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
  }

  @Test func `puts an object as documented`() {
    #expect(
      Self.authorization(
        "PUT", "/test$file.text",
        headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        payload: .of(Array("Welcome to Amazon S3.".utf8)))
        == Self.expected(
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
  }

  @Test func `gets a bucket's lifecycle as documented`() {
    #expect(
      Self.authorization("GET", "/", query: [("lifecycle", "")])
        == Self.expected(
          "host;x-amz-content-sha256;x-amz-date",
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
  }

  @Test func `lists a bucket as documented`() {
    #expect(
      Self.authorization("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
        == Self.expected(
          "host;x-amz-content-sha256;x-amz-date",
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
  }

  @Test func `presigns a URL as documented`() {
    #expect(
      Self.presigned(expires: 86400)
        == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
  }

  private static func presigned(expires: Int) -> String {
    signer.presignedQuery(
      method: "GET", host: host, path: "/test.txt", expires: expires, credentials: credentials, at: now)
  }

  @Test(arguments: [(Int.min, 1), (0, 1), (604_800, 604_800), (604_801, 604_800), (Int.max, 604_800)])
  func `a URL holds as long as S3 allows`(expires: Int, expected: Int) {
    #expect(Self.presigned(expires: expires).contains("&X-Amz-Expires=\(expected)&"))
  }

  @Test func `a query is sorted by its encoded names and values`() {
    #expect(
      S3RequestTarget.query([("b", "é"), ("b", "Z"), ("a b", "+"), ("B", ""), ("a", "1"), ("ä", "2")])
        == "%C3%A4=2&B=&a=1&a%20b=%2B&b=%C3%A9&b=Z")
    #expect(S3RequestTarget.query([]).isEmpty)
  }

  @Test func `a field that clients and proxies change is not signed`() {
    let headers = [
      (name: "User-Agent", value: "berth"), (name: "content-length", value: "0"), (name: "Connection", value: "close"),
    ]
    #expect(Self.authorization("GET", "/test.txt", headers: headers) == Self.authorization("GET", "/test.txt"))
  }

  @Test func `a key that is kept is the one of the day and of the secret`() {
    let keys = SigV4SigningKeys()
    func key(_ day: String, _ secret: Secret) -> [UInt8] {
      keys.key(day: day, region: "us-east-1", service: "s3", secretKey: secret)
    }
    let first = key("20130524", "one")
    #expect(key("20130525", "one") != first)
    #expect(key("20130524", "two") != first)
    // More than are kept.
    for day in 10...30 { _ = key("201306\(day)", "one") }
    #expect(key("20130524", "one") == first)
    #expect(
      first
        == SigV4SigningKeys().key(day: "20130524", region: "us-east-1", service: "s3", secretKey: "one"))
  }

  @Test func `credentials tell nothing of themselves`() {
    var credentials = Self.credentials
    credentials.sessionToken = "a token"
    credentials.expiration = RFC3339.nanoseconds("2026-01-02T03:04:05Z")
    #expect(String(describing: credentials) == "temporary credentials until 2026-01-02T03:04:05Z")
    var dumped = ""
    dump(credentials, to: &dumped)
    let texts = [
      String(describing: Optional(credentials)), "\([credentials])", String(reflecting: credentials), dumped,
    ]
    for secret in ["AKIA", "wJalr", "a token"] {
      #expect(!texts.contains { $0.contains(secret) })
    }
  }
}
