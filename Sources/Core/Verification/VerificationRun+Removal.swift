extension VerificationRun {
  /// Removes what turns out to be useless once it can't be missed any more that somebody wants it, on storage where
  /// removals are announced (``RemovalWatch``). It takes a second or two.
  /// - Parameters:
  ///   - digests: contents by whose claims it is wanted. Whoever is about to mend it has claimed them lately.
  ///   - isUseless: looks again.
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
