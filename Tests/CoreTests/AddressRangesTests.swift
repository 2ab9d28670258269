import Core
import Testing

@testable import Core

@Suite struct AddressRangesTests {
  @Test(arguments: [
    ("0.0.0.0", IPAddress?.some(.v4(0))), ("192.0.2.1", .v4(0xC000_0201)), ("255.255.255.255", .v4(.max)),
    ("::", .v6(0)), ("2001:db8::1", .v6(0x2001_0DB8 << 96 | 1)), ("::ffff:192.0.2.1", .v4(0xC000_0201)),
    ("2001:DB8:0:0:0:0:192.0.2.1", .v6(0x2001_0DB8 << 96 | 0xC000_0201)),
  ])
  func `an address of either version`(text: String, expected: IPAddress?) {
    #expect(IPAddress(text) == expected)
  }

  @Test(arguments: [
    "", " ", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4\u{0}", "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.4:80",
    "[::1]", "fe80::1%eth0", ":::", "::g", "unix:", "localhost", "1.2.3.4/32", "１.2.3.4",
    String(repeating: "1", count: 1 << 20), String(repeating: ":", count: 45), "%s%n", "\u{FFFD}",
  ])
  func `what is no address is none`(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test(arguments: [
    "192.0.2.0", "192.0.2.0/", "/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/8/8", "::/129",
    "::ffff:10.0.0.0/8", "::ffff:10.0.0.0/95", "::ffff:10.0.0.0/129",
    "::/9999999999999999999", "", "/", "x/8",
  ])
  func `what is no network is none`(text: String) {
    #expect(AddressRanges.Network(text) == nil)
  }

  private static let networks = [
    "192.0.2.77/28", "10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8", "255.255.255.254/31", "198.51.100.7/32",
    "2001:db8::/32", "ffff::/16",
  ]

  @Test(arguments: [
    ("192.0.2.63", false), ("192.0.2.64", true), ("192.0.2.79", true), ("192.0.2.80", false), ("9.255.255.255", false),
    ("10.0.0.0", true), ("10.1.2.3", true), ("10.255.255.255", true), ("11.255.255.255", true), ("12.0.0.0", false),
    ("255.255.255.253", false), ("255.255.255.255", true), ("198.51.100.6", false), ("198.51.100.7", true),
    ("198.51.100.8", false), ("::ffff:10.2.3.4", true), ("::10.2.3.4", false),
    ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false), ("2001:db8::", true), ("2001:db9::", false),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true), ("::", false),
  ])
  func `an address is looked up`(text: String, isIn: Bool) throws {
    let ranges = AddressRanges(Self.networks.compactMap { AddressRanges.Network($0) })
    #expect(ranges.contains(try #require(IPAddress(text))) == isIn)
  }

  @Test(arguments: [
    ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:192.0.2.1/128", "192.0.2.1/32"), ("::ffff:0.0.0.0/96", "0.0.0.0/0"),
  ])
  func `a network of version 4 may be written as one of version 6`(text: String, expected: String) {
    #expect(AddressRanges.Network(text) == AddressRanges.Network(expected))
  }

  @Test func `networks that overlap or touch are one range`() {
    #expect(AddressRanges(Self.networks.compactMap { AddressRanges.Network($0) }).count == 6)
    #expect(AddressRanges([]).count == 0)
    let all = AddressRanges(["0.0.0.0/0", "255.0.0.0/8", "::/0", "ffff::/16"].compactMap { AddressRanges.Network($0) })
    #expect(all.count == 2)
    #expect(all.contains(.v4(0)) && all.contains(.v4(.max)) && all.contains(.v6(0)) && all.contains(.v6(.max)))
  }
}
