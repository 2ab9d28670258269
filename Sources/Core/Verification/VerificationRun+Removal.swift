extension VerificationRun {
  /// Removes the file at `path` if it is still useless when no later claim can be missed (``RemovalProtocol``). On an
  /// object store it takes a second or two.
  /// - Parameters:
  ///   - digests: a recent claim of one of these contents means that the file is wanted, because a request that is
  ///     about to write it has claimed them.
  ///   - isUseless: checks again. Gets the place where the file can be read.
  /// - Throws: `.busy` where it is wanted.
  func remove(
    _ path: StoragePath, wantedBy digests: [Digest],
    where isUseless: (_ place: StoragePath) async throws(StorageError) -> Bool
  ) async throws(StorageError) {
    let removal = blobs.removal
    try await removal.announcing([path]) { window throws(StorageError) in
      var hasClaim = false
      let outcome = try await removal.remove(path, window, in: RemovalRun()) { place, _ throws(StorageError) in
        guard try await isUseless(place) else { return true }
        for digest in digests where try await isClaimed(digest, window) { hasClaim = true }
        return hasClaim
      }
      switch outcome {
      case .removed:
        break
      case .kept where hasClaim:
        throw StorageError(.busy, "remove \(path)", cause: "a request claimed it a moment ago: verify again later")
      case .kept:
        guard try await isThere(path) else { break }
        throw StorageError(.busy, "remove \(path)", cause: "it is needed after all")
      case .late:
        throw StorageError(.unavailable, "remove \(path)", cause: "it took too long")
      }
    }
  }

  /// Whether a request has claimed a content a moment ago, by the storage's clock.
  private func isClaimed(_ digest: Digest, _ window: RemovalWindow) async throws(StorageError) -> Bool {
    guard let file = blobs.removal.claimFile(of: StorageLayout.blobData(digest)) else { return false }
    do {
      let claimed = try await driver.stat(file).modified
      return .nanoseconds(window.published &- claimed) <= blobs.removal.claimAllowance
    } catch  where error.code == .notFound {
      return false
    }
  }
}
