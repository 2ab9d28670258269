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
    do {
      return try await mountClaimed(digest, from: source)
    } catch  where error.code == .notFound {
      // It was remembered, and has been taken away behind the registry's back.
      return false
    }
  }

  private func mountClaimed(_ digest: Digest, from source: MountSource) async throws(StorageError) -> Bool {
    let intent = await blobs.intend(digest)
    switch source {
    case .repository(let name):
      guard let blob = try await registry.repository(name).blobs.claim(digest) else { return false }
      try await blobs.link(digest, to: blob.content)
      blobs.remember(blob.cached, intent)
    case .anywhere:
      guard let claim = try await registry.blobs.claimRemembered(digest) else { return false }
      try await driver.settle(StorageLayout.blobData(digest))
      try await blobs.link(digest, isSettled: true)
      blobs.remember(claim.cached, intent)
    }
    return true
  }
}
