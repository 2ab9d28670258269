import Core
import Testing

@testable import Drivers

/// What is easily got wrong, with the signatures that botocore (1.43) makes.
struct SigV4TableTests {
  struct Vector: CustomTestStringConvertible, Sendable {
    var name: String
    var method: String
    var key: String
    var path: String
    var query: [(name: String, value: String)]
    var headers: [(name: String, value: String)]
    var payload: SigV4PayloadHash
    var isTemporary: Bool
    var signature: String
    var presigned: String?

    init(
      _ name: String, _ method: String, _ key: String, path: String, query: [(name: String, value: String)] = [],
      headers: [(name: String, value: String)] = [], payload: SigV4PayloadHash = .empty, isTemporary: Bool = false,
      signature: String, presigned: String?
    ) {
      self.name = name
      self.method = method
      self.key = key
      self.path = path
      self.query = query
      self.headers = headers
      self.payload = payload
      self.isTemporary = isTemporary
      self.signature = signature
      self.presigned = presigned
    }

    var testDescription: String { name }

    var credentials: S3Credentials {
      S3Credentials(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        sessionToken: isTemporary
          ? "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJIMEYCIQD+a/b==" : nil)
    }
  }

  private static let signer = SigV4Signer(region: "eu-central-1")
  private static let host = "store.example.com:9000"
  private static let now = RFC3339.nanoseconds("2026-02-28T23:59:59.999Z") ?? 0

  @Test(arguments: vectors)
  func `encodes and signs as others do`(vector: Vector) throws {
    #expect(S3RequestTarget.path(vector.key) == vector.path)
    let added = Self.signer.headers(
      method: vector.method, host: Self.host, path: vector.path, query: vector.query, headers: vector.headers,
      payloadHash: vector.payload, credentials: vector.credentials, at: Self.now)
    let authorization = try #require(added.first { $0.name == "Authorization" }).value
    #expect(authorization.hasSuffix(", Signature=\(vector.signature)"))
    #expect(
      added.map(\.name).sorted() == ["Authorization", "x-amz-content-sha256", "x-amz-date"]
        + (vector.isTemporary ? ["x-amz-security-token"] : []))
  }

  @Test(arguments: vectors.filter { $0.presigned != nil })
  func `presigns as others do`(vector: Vector) throws {
    let query = Self.signer.presignedQuery(
      method: vector.method, host: Self.host, path: vector.path, query: vector.query, headers: vector.headers,
      expires: 900, credentials: vector.credentials, at: Self.now)
    #expect(query.hasSuffix("&X-Amz-Signature=\(try #require(vector.presigned))"))
  }

  static let vectors: [Vector] = [
    Vector(
      "a key with spaces", "GET", "/bucket/a b  c",
      path: "/bucket/a%20b%20%20c",
      payload: .unsigned,
      signature: "4d49a8ac204d327a286969264b1de73508b805b9d3c052fd24bbcd2697f4b57e",
      presigned: "5eba0fdeb607a7934523f7e4b6eb1c53f09e78a8308efcb97202ef858d46c409"),
    Vector(
      "plus", "GET", "/bucket/a+b",
      path: "/bucket/a%2Bb",
      query: [("prefix", "a+b c")],
      signature: "13a3922fbfc77647b781b8834fce61e600a031f63e4fd5dc352c090fbb935994",
      presigned: "c312266bcff4bdd298096cdc6170672f495229cd3223a48b1e57c3400200459a"),
    Vector(
      "unicode", "PUT", "/bucket/Grüße/日本/é/𝄞.txt",
      path: "/bucket/Gr%C3%BC%C3%9Fe/%E6%97%A5%E6%9C%AC/%C3%A9/%F0%9D%84%9E.txt",
      payload: .of(Array("Grüße".utf8)),
      signature: "87651092635592b472f3bd6f205445848101b6ddbc6d8a7e345ccacc6273eb80",
      presigned: "f1cdd278cf9fbf25ef858e3be7b91a0a9ad87cb42f40b65264ec5ea31db7efce"),
    Vector(
      "an escape in a name", "GET", "/bucket/a%2Fb%20c%",
      path: "/bucket/a%252Fb%2520c%25",
      signature: "1d06cf5ab74715c7c49fe1e0381d53d2a71b076992f4623bdeb5ee49b30e8790",
      presigned: "d29c99a60e5d3df2aac48f5371e98dc7ef0d3e77e41160461342c9d9b842ecce"),
    Vector(
      "tilde and star", "GET", "/bucket/~a*b!'()$&,;=:@",
      path: "/bucket/~a%2Ab%21%27%28%29%24%26%2C%3B%3D%3A%40",
      signature: "22012ea5e332dd670b38c5eb2cf68578ed4d5318aea281c98ab7a6d65e1eb9b0",
      presigned: "004f872e94a114a4310ed134d0e78bd0d43f09d8aec4d0f06abcba6496b3ec5f"),
    Vector(
      "dots and slashes", "GET", "/bucket//a/../b/./c//",
      path: "/bucket//a/../b/./c//",
      signature: "3b27fc7a8b279e1a15083f856bca5f971ea48118a356d0ac9e6c13a618eae6cb",
      presigned: "0b38d11b5a70367d697f09219056043eb8e2eaa2d8133b4f396866462d9df5a3"),
    Vector(
      "controls and quotes", "HEAD", "/bucket/\u{1}\u{7F}\"<>\\^`{|}#?",
      path: "/bucket/%01%7F%22%3C%3E%5C%5E%60%7B%7C%7D%23%3F",
      signature: "57c54422b600e64d1e145b97d9cef80f4cf2d152ee70921037e089d93dbe2f94",
      presigned: "1c4ad3980721fc45685e2f97ff9b3894ec640bacee4e84be3c6fec25f1376121"),
    Vector(
      "an empty query value", "POST", "/bucket/key",
      path: "/bucket/key",
      query: [("uploads", "")],
      signature: "0c1764eff7cd0ef41e0a59031bd19a1e128009d0a4031b68db1364a72ff7f2f1",
      presigned: "82b34ec11a56f8d19539152f6930f58f7a7a15bc84801f38b37ec00361b0105b"),
    Vector(
      "several query parameters", "PUT", "/bucket/key",
      path: "/bucket/key",
      query: [("uploadId", "VXBsb2FkIElE~_.-/+="), ("partNumber", "10000")],
      payload: .unsigned,
      signature: "b599ba206fc24f16a5575965b9974ed273818b1c4aade1789d719baed4dbe2e9",
      presigned: "9fcaa70a6bd02a2640dfb0bd2f0ceca524e60c9103748544e211dbf4720dbadd"),
    Vector(
      "repeated query names", "GET", "/bucket",
      path: "/bucket",
      query: [("a", "2"), ("a", "10"), ("A", "x"), ("a", ""), ("a-b", "1"), ("a.b", "1")],
      signature: "3582d92ed8e8a4c77dfb66a993089c988206df0b5713b4a59aa95718c7dcd399",
      presigned: nil),
    Vector(
      "listing", "GET", "/bucket",
      path: "/bucket",
      query: [
        ("list-type", "2"), ("prefix", "docker/registry/v2/ä&b=c/"), ("delimiter", "/"),
        ("continuation-token", "1/x+y=="),
      ],
      signature: "5c7b5f20581d17909e54b124dbac02b42d8518faa94110e6a58d9741191c45d7",
      presigned: "72c890c4fd20293328253e3b9d362ebbef1d406a5dce8e499e18e0ed5fd0f64b"),
    Vector(
      "a name that is a prefix of another", "GET", "/bucket",
      path: "/bucket",
      query: [("marker", "m"), ("max-keys", "1"), ("max", "2")],
      signature: "23c15db45096ba8c7bc98d7b233ca2c000a54d1c12ac9c2d0fe567eeda67cb68",
      presigned: "0fa04a82d6b26691ab5a701dcebe335d0b665bcf0ce7d4c49c9793ad27473aa0"),
    Vector(
      "session token", "GET", "/bucket/key",
      path: "/bucket/key",
      isTemporary: true,
      signature: "5e5b5a793babad15aa80535918cc68cf1508ec9efb67f395e4b9ac91e0286437",
      presigned: "de20d19d3672679bab27b8cbc5602fff67bf689ba09a2612448793cad1f48a60"),
    Vector(
      "session token, copy", "PUT", "/bucket/to",
      path: "/bucket/to",
      headers: [
        ("x-amz-copy-source", "/bucket/from%20here"), ("X-Amz-Copy-Source-Range", "bytes=0-5242879"),
        ("x-amz-metadata-directive", "COPY"),
      ],
      isTemporary: true,
      signature: "a548d4418371c84ade746a50959216b5bd4d32c20bf48dc10b09b8e530306ed8",
      presigned: "6eaddbfb45e7c1d2ce41e7bad2db70206c2a877c992a1690ee1c4869c880e8e5"),
    Vector(
      "fields", "PUT", "/bucket/key",
      path: "/bucket/key",
      headers: [
        ("Content-Type", "application/octet-stream"), ("x-amz-storage-class", "  STANDARD_IA\t"),
        ("x-amz-acl", "private"), ("x-amz-server-side-encryption", "aws:kms"), ("x-amz-meta-note", "a   b\t c"),
        ("Range", "bytes=0-"),
      ],
      payload: .of(Array("text".utf8)),
      signature: "5bc30c2cdd6a25fcc2474a84f58c002c07050dcc783a91a216c67f623c87a0e0",
      presigned: "c3ab7e01a186bf79269ab2c54f54f01b53b1c625fafc01cee06b60bb0cb032a2"),
    Vector(
      "a field that a proxy may change", "GET", "/bucket/key",
      path: "/bucket/key",
      headers: [("User-Agent", "berth/1"), ("Range", "bytes=1-2")],
      signature: "ccbb345ed3884896fcc1ae98e6f87abcdb96e70f2b2fd01703860dee954779c0",
      presigned: "5d615bf0c4dfccc4c6c9eb7edf13f4a49617600299e579f85e06dc835fc700df"),
    Vector(
      "root", "GET", "/",
      path: "/",
      signature: "9372f6e8ba8021a5b70eabc3482e2859e601b10124a4cae18513910261633d19",
      presigned: "dbb8cbeef561d6a2d7dc1796783d2cea68f17fdefe219da40ce7d738907747f2"),
  ]
}
