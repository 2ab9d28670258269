/// Where a blob may be taken from (distribution spec, "Mounting a blob from another repository").
enum MountSource: Equatable {
  /// What this repository may see.
  case repository(RepositoryName)
  /// Whatever the registry holds.
  case anywhere
}

extension Repository {
  /// Makes a blob that is elsewhere in the registry visible here, durably.
  /// - Returns: whether it was there.
  func mount(_ digest: Digest, from source: MountSource) async throws(StorageError) -> Bool {
    switch source {
    case .repository(let name):
      guard let blob = try await registry.repository(name).blobs.claim(digest) else { return false }
      guard blob.content == digest else {
        try await blobs.link(digest, to: blob.content)
        return true
      }
      try await blobs.link(digest, remembering: blob.cached)
    case .anywhere:
      guard let claim = try await registry.blobs.claimRemembered(digest) else { return false }
      try await driver.settle(StorageLayout.blobData(digest))
      try await blobs.link(digest, remembering: claim.cached, isSettled: true)
    }
    return true
  }
}
