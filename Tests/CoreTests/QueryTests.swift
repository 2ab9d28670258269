import Testing

@testable import Core

@Suite struct QueryTests {
  @Test(arguments: [
    ("", nil), ("n", ""), ("n=", ""), ("n=1&n=2", "1"), ("m=1", nil), ("a&n=x%2By+z", "x+y z"), ("%6e=3", "3"),
    // Refused by whoever wants a number, a tag or a digest; never taken for absent.
    ("n=%zz", "%zz"), ("n=%f", "%f"), ("n=%ff", "%ff"),
  ])
  func `gives the first value`(query: String, value: String?) {
    #expect(Query(query).first("n") == value)
  }

  @Test func `gives every value in order`() {
    #expect(Query("tag=b&x=1&tag=a&tag=%zz").all("tag") == ["b", "a", "%zz"])
  }
}
