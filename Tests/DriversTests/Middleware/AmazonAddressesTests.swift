import Core
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Drivers

@Suite struct AmazonAddressesTests {
  /// The form of Amazon's document.
  static let document = Array(
    """
    {"syncToken": "1767225600", "createDate": "2026-01-01-00-00-00",
     "prefixes": [
       {"ip_prefix": "192.0.2.0/24", "region": "us-east-1", "service": "AMAZON", "network_border_group": "us-east-1"},
       {"ip_prefix": "198.51.100.0/24", "region": "eu-west-1", "service": "EC2", "new": [1, {"x": null}]},
       {"ip_prefix": "no network", "region": "us-east-1"},
       {"region": "us-east-1"}
     ],
     "ipv6_prefixes": [{"ipv6_prefix": "2001:db8:1::/48", "region": "EU-WEST-1", "service": "S3"}]}
    """.utf8)

  private static func options(regions: [String] = []) -> Configuration.Middleware.CloudFront {
    var options = Configuration.Middleware.CloudFront()
    options.ipFilteredBy = regions.isEmpty ? .aws : .awsregion
    options.awsRegion.names = regions
    return options
  }

  @Test(arguments: [
    ([], [true, true, true]), (["us-east-1"], [true, false, false]), (["eu-west-1"], [false, true, true]),
    (["eu-west-1", "us-east-1"], [true, true, true]),
  ])
  func `networks of all regions, or of some`(regions: [String], expected: [Bool]) async {
    let addresses = AmazonAddresses(
      Self.options(regions: regions),
      fetch: { url in
        #expect(url == "https://ip-ranges.amazonaws.com/ip-ranges.json")
        return Self.document
      }, logger: .silent)
    #expect(await addresses.update())
    #expect(["192.0.2.1", "198.51.100.1", "2001:db8:1::1"].map { addresses.contain($0) } == expected)
    #expect(!addresses.contain("203.0.113.1") && !addresses.contain("no network"))
  }

  @Test(arguments: [
    "", "[]", "{}", "null", "{\"prefixes\": 1}", "{\"prefixes\": [1]}", "{\"prefixes\": []}", "<html>",
    "{\"prefixes\": [{\"ip_prefix\": \"192.0.2.0/24\"", "{\"prefixes\": [{\"ip_prefix\": 7, \"region\": \"x\"}]}",
    "{\"prefixes\": [{\"ip_prefix\": \"192.0.2.0/24\"}]} and more",
    String(repeating: "[", count: 100_000), "{\"x\":" + String(repeating: "[", count: 100_000),
  ])
  func `what can't be read changes nothing`(text: String) async {
    let answers = Mutex([Self.document, Array(text.utf8)])
    let addresses = AmazonAddresses(
      Self.options(), fetch: { _ in answers.withLock { $0.removeFirst() } }, logger: .silent)
    #expect(await addresses.update())
    #expect(await !addresses.update())
    #expect(addresses.contain("192.0.2.1"))
  }

  @Test func `a document that is too long, or can't be had, changes nothing`() async {
    let answers = Mutex<[[UInt8]?]>([
      Self.document, nil, Self.document + [UInt8](repeating: 0x20, count: AmazonAddresses.documentLimit),
    ])
    let addresses = AmazonAddresses(
      Self.options(),
      fetch: { _ in
        guard let answer = answers.withLock({ $0.removeFirst() }) else {
          throw StorageError(.unavailable, "no network")
        }
        return answer
      }, logger: .silent)
    #expect(await addresses.update())
    for _ in 0..<2 { #expect(await !addresses.update()) }
    #expect(addresses.contain("192.0.2.1"))
  }

  @Test(.timeLimit(.minutes(2))) func `the document is read again and again, until the object is let go`() async throws
  {
    let calls = Mutex(0)
    var addresses: AmazonAddresses? = AmazonAddresses(
      Self.options(),
      fetch: { _ in
        let isFirst = calls.withLock { calls in
          calls += 1
          return calls == 1
        }
        if isFirst { throw StorageError(.unavailable, "no network") }
        return Self.document
      }, logger: .silent)
    addresses?.keepUpdated(every: .milliseconds(1))
    while calls.withLock({ $0 }) < 4 || addresses?.contain("192.0.2.1") != true {
      try await Task.sleep(for: .milliseconds(1))
    }
    weak let gone = addresses
    addresses = nil
    while gone != nil { try await Task.sleep(for: .milliseconds(1)) }
  }
}
