/// The blobs that one repository may see: content that a link in the repository points to.
public struct LinkedBlobStore: Sendable {
  /// The repository.
  public let repository: RepositoryName
  /// All content.
  public let blobs: BlobStore

  /// A repository's view.
  public init(repository: RepositoryName, blobs: BlobStore) {
    self.repository = repository
    self.blobs = blobs
  }

  /// The size of a blob in bytes; nil where the repository has no such blob or its content is gone.
  public func size(of digest: Digest) async throws(StorageError) -> Int64? {
    guard try await Link.read(StorageLayout.layerLink(repository, digest), blobs.driver) == digest else { return nil }
    return try await blobs.size(of: digest)
  }

  /// Makes content that is in the store visible in the repository, durably.
  public func link(_ digest: Digest) async throws(StorageError) {
    let path = StorageLayout.layerLink(repository, digest)
    if try await Link.read(path, blobs.driver) == digest { return }
    try await Link.write(digest, at: path, blobs.driver)
  }

  /// Takes a blob out of the repository; its content stays. Returns whether it was there.
  public func unlink(_ digest: Digest) async throws(StorageError) -> Bool {
    try await Link.remove(StorageLayout.layerLink(repository, digest), blobs.driver)
  }
}
