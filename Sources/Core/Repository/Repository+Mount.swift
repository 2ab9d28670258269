/// Where a blob may be taken from (distribution spec, "Mounting a blob from another repository").
enum MountSource: Equatable {
  /// From this repository.
  case repository(RepositoryName)
  /// From any repository: all content of the registry.
  case anywhere
}

extension Repository {
  /// Makes a blob that is elsewhere in the registry visible here, durably.
  /// - Returns: whether it was there.
  func mount(_ digest: Digest, from source: MountSource) async throws(StorageError) -> Bool {
    do {
      return try await mountClaimed(digest, from: source)
    } catch  where error.code == .notFound {
      // It was removed after the check.
      return false
    }
  }

  private func mountClaimed(_ digest: Digest, from source: MountSource) async throws(StorageError) -> Bool {
    let intent = await blobs.intend(digest)
    switch source {
    case .repository(let name):
      let found = try await registry.repository(name).blobs.claim([digest], isBinding: true)
      guard let blob = found.first.flatMap({ $0 }) else { return false }
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
