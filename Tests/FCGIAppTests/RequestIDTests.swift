import Testing

@testable import FCGIApp

@Suite struct RequestIDTests {
  @Test(arguments: ["a", "4157ed40a86303cc41fe2ffc46634340", "A-b_c.9", String(repeating: "x", count: 128)])
  func `a sound name is kept`(name: String) {
    #expect(RequestID.validated(name) == name)
  }

  @Test(arguments: [nil, "", "a b", "a\n", "\"", "é", String(repeating: "x", count: 129)])
  func `another one is replaced by a fresh one`(name: String?) {
    let fresh = RequestID.validated(name)
    #expect(fresh != name)
    #expect(fresh.utf8.count == 32)
    #expect(fresh != RequestID.validated(name))
  }
}
