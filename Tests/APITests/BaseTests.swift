import HTTPTypes
import TestSupport
import Testing

@Suite(.ownThread) struct BaseTests {
  @Test(arguments: Deployment.allCases)
  func `the base says which API it speaks`(deployment: Deployment) async throws {
    try await deployment.withSite { site in
      for method in [HTTPRequest.Method.get, .head] {
        let answer = try await site.client.send(method, "/v2/")
        #expect(answer.status == 200)
        #expect(answer.fields[.init("Docker-Distribution-API-Version")!] == "registry/2.0")
      }
    }
  }
}
