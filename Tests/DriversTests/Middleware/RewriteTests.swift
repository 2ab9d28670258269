import Core
import TestSupport
import Testing

@testable import Drivers

@Suite struct RewriteTests {
  private static let url = "http://s3.test:9000/bucket/root/x%20y/data?X-Amz-Signature=a%2Fb"

  @Test(arguments: [
    (WebURL.Scheme?.none, String?.none, "", url),
    (.https, nil, "", "https://s3.test:9000/bucket/root/x%20y/data?X-Amz-Signature=a%2Fb"),
    (nil, "cdn.test", "", "http://cdn.test/bucket/root/x%20y/data?X-Amz-Signature=a%2Fb"),
    (nil, "[::1]:80", "/bucket", "http://[::1]:80/root/x%20y/data?X-Amz-Signature=a%2Fb"),
    (nil, nil, "/bucket/", "http://s3.test:9000/root/x%20y/data?X-Amz-Signature=a%2Fb"),
    (nil, nil, "/bucket/root/x y/", "http://s3.test:9000/data?X-Amz-Signature=a%2Fb"),
    (nil, nil, "/buc", "http://s3.test:9000/ket/root/x%20y/data?X-Amz-Signature=a%2Fb"),
    (nil, nil, "/other", url),
    (.https, "cdn.test", "/bucket/root/x y/data", "https://cdn.test/?X-Amz-Signature=a%2Fb"),
  ])
  func `parts of a URL are replaced`(
    scheme: WebURL.Scheme?, host: String?, prefix: String, expected: String
  ) async throws {
    var options = Configuration.Middleware.Rewrite()
    options.scheme = scheme
    options.host = try host.map { try #require(WebURL.Authority($0)) }
    options.trimPathPrefix = prefix
    let driver = MiddlewareDriver(RewriteMiddleware(options), over: FixedURL.driver(.url(Self.url)))
    let url = try await driver.directURL(for: path("/x"), answering: DownloadRequest(clientAddress: ""))
    #expect(url == .url(expected))
  }

  @Test(arguments: [nil, DirectURL.internalPath("/_berth_storage/x")])
  func `what is no URL for clients stays as it is`(direct: DirectURL?) async throws {
    var options = Configuration.Middleware.Rewrite()
    options.scheme = .https
    let driver = MiddlewareDriver(RewriteMiddleware(options), over: FixedURL.driver(direct))
    #expect(try await driver.directURL(for: path("/x"), answering: DownloadRequest(clientAddress: "")) == direct)
  }

  @Test func `an error tells nothing of a URL that can't be read`() async throws {
    let driver = MiddlewareDriver(RewriteMiddleware(.init()), over: FixedURL.driver(.url("s3://a?Signature=b")))
    let error = await #expect(throws: StorageError.self) {
      try await driver.directURL(for: path("/x"), answering: DownloadRequest(clientAddress: ""))
    }
    #expect(error.map { !"\($0)".contains("Signature") } == true)
  }

  @Test func `middleware sees what the one before it made`() async throws {
    var redirect = Configuration.Middleware.Redirect()
    redirect.baseURL = BaseURL("https://one.test/files")
    var rewrite = Configuration.Middleware.Rewrite()
    rewrite.host = WebURL.Authority("two.test")
    let driver = MiddlewareDriver(
      RewriteMiddleware(rewrite), over: MiddlewareDriver(try RedirectMiddleware(redirect), over: InMemoryDriver()))
    let url = try await driver.directURL(for: path("/x"), answering: DownloadRequest(clientAddress: ""))
    #expect(url == .url("https://two.test/files/x"))
  }
}
