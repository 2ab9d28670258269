extension CollectedStorage {
  /// What a content refers to.
  enum References: Sendable {
    case found(ManifestReferences)
    /// There is no such content.
    case absent
    /// It is no manifest, or not the one that its digest names; and what can be made of it.
    case damaged(String, ManifestReferences?)
    case unreadable(String)
  }

  func references(of digest: Digest) async -> References {
    do throws(StorageError) {
      let content = try await find(StorageLayout.blobData(digest)) { path throws(StorageError) in
        try await self.driver.content(at: path, limit: Manifest.maximumSize)
      }
      guard let content, !content.isEmpty else { return .absent }
      let references = ManifestReferences(content)
      guard ContentHasher.digest(digest.algorithm, of: content) == digest else {
        return .damaged("the content is not what its digest says", references)
      }
      return references.map { .found($0) } ?? .damaged("the content is no manifest that can be understood", nil)
    } catch  where error.code == .tooLarge {
      return .damaged("the content is longer than a manifest may be", nil)
    } catch {
      return .unreadable(error.description)
    }
  }
}
