import Core
import Testing

@testable import Drivers

struct HTTPDateTests {
  @Test(
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
      ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
      ("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z"),
      ("Wed, 31 Dec 2025 12:00:00 GMT", "2025-12-31T12:00:00Z"),
    ])
  func `reads what servers send`(text: String, time: String) {
    #expect(HTTPDate.parse(text) != nil)
    #expect(HTTPDate.parse(text) == RFC3339.nanoseconds(time))
  }

  @Test(
    arguments: [
      "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
      "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37.5 GMT",
      "Sun,  06 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT",
      "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT\n",
    ])
  func `reads nothing else`(text: String) {
    #expect(HTTPDate.parse(text) == nil)
    #expect(HTTPDate.offset(of: text, from: 0) == nil)
  }

  @Test func `tells how much a server's clock is ahead`() throws {
    let now = try #require(RFC3339.nanoseconds("1994-11-06T08:49:30Z"))
    #expect(HTTPDate.offset(of: "Sun, 06 Nov 1994 08:49:37 GMT", from: now) == 7_000_000_000)
    #expect(HTTPDate.offset(of: "Sun, 06 Nov 1994 08:34:30 GMT", from: now) == -900_000_000_000)
    #expect(HTTPDate.offset(of: "Fri, 06 Nov 1700 08:34:30 GMT", from: .max) == nil)
  }
}
