extension VerificationRun {
  /// Removes the file at `path` if it is still useless after its removal was announced, on storage where removals are
  /// announced (``RemovalWatch``). It takes a second or two.
  /// - Parameters:
  ///   - digests: a recent claim of one of these contents means that the file is wanted, because a request that is
  ///     about to write it has claimed them.
  ///   - isUseless: checks again.
  /// - Throws: `.busy` where it is wanted.
  func removeAnnounced(
    _ path: StoragePath, wantedBy digests: [Digest], where isUseless: () async throws(StorageError) -> Bool
  ) async throws(StorageError) {
    let lately = driver.removalTiming?.claimAllowance ?? .zero
    try await RemovalAnnouncer(driver).announcing([path]) { window throws(StorageError) in
      guard try await isUseless() else { throw StorageError(.busy, "remove \(path)", cause: "it is needed after all") }
      for digest in digests {
        guard let claimed = try await claimed(digest), .nanoseconds(window.published &- claimed) <= lately else {
          continue
        }
        throw StorageError(.busy, "remove \(path)", cause: "a request claimed it a moment ago: verify again later")
      }
      guard window.isOpen else { throw StorageError(.unavailable, "remove \(path)", cause: "it took too long") }
      _ = try await window.remove(path, driver)
    }
  }

  /// When a content was last claimed, by the storage's clock.
  private func claimed(_ digest: Digest) async throws(StorageError) -> Int64? {
    do {
      return try await driver.stat(StorageLayout.blobClaim(digest)).modified
    } catch  where error.code == .notFound {
      return nil
    }
  }
}
