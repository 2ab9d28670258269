/// Handles a request that closes an upload again, because the answer to the first one was lost.
extension UploadHandler {
  /// Whether the body is empty, or equal to the blob from `offset` on. If not, the request is for another content, or
  /// for an upload that was cancelled.
  func isRepeated(
    _ request: Request, _ repository: Repository, _ digest: Digest, from offset: Int64
  ) async throws(RegistryError) -> Bool {
    let blob = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await repository.blobs.claim(digest)
    }
    guard let blob else { return false }
    guard request.contentLength != 0 else { return true }
    let reader = try await RegistryError.fromStorage { () async throws(StorageError) in
      try await context.registry.blobs.reader(of: blob.content, from: offset)
    }
    var incoming = UploadBody(request.body, length: request.contentLength)
    let (sent, kept) = (IOBuffer(), IOBuffer())
    while !incoming.isAtEnd {
      sent.removeAll()
      kept.removeAll()
      if let problem = await incoming.fill(sent) { throw problem }
      while kept.count < sent.count {
        let count = try await RegistryError.fromStorage { () async throws(StorageError) in
          try await reader.read(into: kept)
        }
        guard count > 0 else { return false }
      }
      guard sent.holdsSame(as: kept) else { return false }
    }
    return true
  }
}
