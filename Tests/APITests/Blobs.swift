import Core
import HTTPTypes
import TestSupport
import Testing

/// The blobs and uploads of one repository of a test, through the API.
struct Blobs {
  let site: Deployment.Site
  let name: String

  init(_ site: Deployment.Site, _ base: String = "test/blobs") {
    self.site = site
    name = Deployment.uniqueName(base)
  }

  /// Pushes content with one POST. Returns its digest.
  @discardableResult
  func push(_ content: [UInt8], _ algorithm: Digest.Algorithm = .sha256) async throws -> Digest {
    let digest = TestContent.digest(content, algorithm)
    let answer = try await begin("?digest=\(digest)", body: content)
    #expect(answer.status == 201, "\(answer.text)")
    return digest
  }

  func get(_ digest: Digest, _ fields: HTTPFields = [:]) async throws -> TestResponse {
    try await site.client.send(.get, "/v2/\(name)/blobs/\(digest)", fields)
  }

  func head(_ digest: Digest, _ fields: HTTPFields = [:]) async throws -> TestResponse {
    try await site.client.send(.head, "/v2/\(name)/blobs/\(digest)", fields)
  }

  func delete(_ digest: Digest) async throws -> TestResponse {
    try await site.client.send(.delete, "/v2/\(name)/blobs/\(digest)")
  }

  /// POSTs to the uploads.
  func begin(
    _ query: String = "", body: [UInt8] = [], chunked: Bool = false, _ fields: HTTPFields = [:]
  ) async throws -> TestResponse {
    try await site.client.send(.post, "/v2/\(name)/blobs/uploads/\(query)", fields, body: body, chunked: chunked)
  }

  /// Begins an upload. Returns where it goes on.
  func location(_ query: String = "") async throws -> String {
    try location(await begin(query))
  }

  func location(_ answer: TestResponse) throws -> String {
    try #require(answer.fields[.location], "\(answer.status): \(answer.text)")
  }

  func patch(
    _ location: String, _ body: [UInt8], range: String? = nil, chunked: Bool = false
  ) async throws -> TestResponse {
    try await site.client.send(.patch, location, Self.fields(range), body: body, chunked: chunked)
  }

  func put(
    _ location: String, _ digest: String, _ body: [UInt8] = [], range: String? = nil, chunked: Bool = false
  ) async throws -> TestResponse {
    try await site.client.send(
      .put, "\(location)&digest=\(digest)", Self.fields(range), body: body, chunked: chunked)
  }

  func status(_ location: String) async throws -> TestResponse {
    try await site.client.send(.get, location)
  }

  private static func fields(_ range: String?) -> HTTPFields {
    range.map { [.contentRange: $0] } ?? [:]
  }

  /// What is below `_uploads` on disk.
  func uploadsOnDisk() async throws -> [String] {
    let repository = try #require(RepositoryName(name))
    let repositoryIsThere = (try? await site.driver.stat(StorageLayout.uploads(repository))) != nil
    return repositoryIsThere ? try await site.driver.list(StorageLayout.uploads(repository)) : []
  }
}
