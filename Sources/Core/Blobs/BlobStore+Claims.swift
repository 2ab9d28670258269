extension BlobStore {
  /// As `claimInStorage`, for object stores: writes the claim, waits until no notice covers the content, and only then
  /// looks whether it exists. See docs/internals/removals.md.
  func claimBeside(
    _ digest: Digest, isComing: Bool, _ watch: RemovalWatch
  ) async throws(StorageError) -> Claim? {
    let path = StorageLayout.blobData(digest)
    for _ in 1...BlobStore.attempts {
      // Asking for what isn't there leaves nothing behind.
      if !isComing, watch.madeClaim(of: digest) == nil, try await entry(of: digest) == nil { return nil }
      let made: MadeClaim
      do {
        made = try await watch.claim(digest)
      } catch  where error.code == .denied && !isComing {
        // Storage that this process can only read: it can't be claimed, but it is there.
        return try await entry(of: digest).map { Claim(size: $0.size, modified: $0.modified) }
      }
      if try await watch.awaitRemoval(of: path) {
        // The claim may have come too late, and be gone with the content.
        watch.forget(digest)
        continue
      }
      guard let entry = try await entry(of: digest) else { return nil }
      watch.saw(digest, made)
      return Claim(size: entry.size, modified: entry.modified, claimed: made.time, isNew: !made.wasSeen)
    }
    throw StorageError(
      .unavailable, "claim \(digest)", cause: "garbage collection keeps announcing its removal: try again")
  }

  /// Call it after putting a content that was claimed with `isComing`: if the put took so long that the claim may no
  /// longer count, claims it again.
  /// - Throws: `.unavailable` where the content is gone.
  func keepClaim(_ digest: Digest) async throws(StorageError) {
    guard let watch, watch.madeClaim(of: digest) == nil else { return }
    guard try await claimInStorage(digest, isComing: true) != nil else {
      throw StorageError(.unavailable, "keep \(digest)", cause: "garbage collection has taken it")
    }
  }
}
