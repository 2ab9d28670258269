import Core
import TestSupport
import Testing

@testable import Drivers

/// Where credentials and networks come from.
@Suite(.ownThread) struct CredentialFuzzTests {
  private static let document = """
    {"Code": "Success", "AccessKeyId": "AKIA", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-01-02T03:04:05Z"}
    """
  private static let answer = """
    <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>t&amp;&#x41;&#66;\
    </SessionToken><SecretAccessKey>s</SecretAccessKey><Expiration>2026-01-02T03:04:05Z</Expiration>\
    <AccessKeyId>AKIA</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
    """
  private static let fault = "<Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>m</Message></Error>"

  @Test func `credentials that are read expire at a time that can be counted with`() async {
    let request = CredentialRequest(method: "GET", url: "http://169.254.170.2/")
    await Fuzzer.run([Self.document, Self.answer, Self.fault]) { bytes in
      _ = STSAnswer.fault(bytes)
      for credentials in [try? CredentialDocument.parse(bytes, request: request), STSAnswer.credentials(bytes)] {
        guard let credentials else { continue }
        if let expiration = credentials.expiration { #expect(WallClock.range.contains(expiration)) }
        _ = credentials.holds(at: WallClock.now, margin: CredentialRenewal<S3Credentials>.early)
        _ = credentials.description
      }
    }
  }

  @Test func `a shared credentials file has a profile or not`() async {
    await Fuzzer.run(["[default]\naws_access_key_id = a\n# x\n[other]\r\naws_secret_access_key=b=c\n"]) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      if let values = SharedCredentialsFile.values(of: "default", in: text) {
        #expect(values.allSatisfy { !$0.value.isEmpty })
      }
    }
  }

  @Test func `a URL of a service is one, and has a host`() async {
    await Fuzzer.run(["http://169.254.170.2/v2/a", "https://[fd00:ec2::23]:80/", "http://localhost:65535"]) { bytes in
      guard let url = CredentialURL(String(decoding: bytes, as: UTF8.self)) else { return }
      #expect(!url.host.isEmpty)
      _ = (url.isLocal, url.base)
    }
  }

  @Test func `Amazon's networks have the addresses that they begin with`() async {
    let document = """
      {"prefixes": [{"ip_prefix": "3.5.140.0/22", "region": "eu-west-1"}, {"ip_prefix": "0.0.0.0/0", "region": "x"}],
      "ipv6_prefixes": [{"ipv6_prefix": "2600:1f14::/35", "region": "eu-west-1"}, {"ipv6_prefix": "::/0"}]}
      """
    await Fuzzer.run([document]) { bytes in
      guard let document = try? AmazonRangesDocument(bytes, regions: []) else { return }
      let ranges = AddressRanges(document.networks)
      #expect(ranges.count <= document.networks.count)
      for text in ["3.5.140.1", "255.255.255.255", "2600:1f14::1", "::ffff:3.5.140.1"] {
        if let address = IPAddress(text) { _ = ranges.contains(address) }
      }
    }
    await Fuzzer.run(["3.5.140.0/22", "2600:1f14::/128", "::/0", "0.0.0.0/32"]) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      guard let network = AddressRanges.Network(text), let slash = text.firstIndex(of: "/"),
        let address = IPAddress(text[..<slash])
      else { return }
      #expect(AddressRanges([network]).contains(address))
    }
  }
}
