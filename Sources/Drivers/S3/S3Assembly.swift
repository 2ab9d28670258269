import Core
import NIOCore

/// Concatenates objects within the store, several parts at a time, so that no bytes are transferred to this process.
struct S3Assembly: Sendable {
  private let client: S3Client
  private let options: S3ObjectOptions
  private let sizes: S3Sizes

  init(_ client: S3Client, _ options: S3ObjectOptions, _ sizes: S3Sizes) {
    self.client = client
    self.options = options
    self.sizes = sizes
  }

  /// - Parameters:
  ///   - sources: each of 5 MiB or more, unless it is the last and there is no tail; no more than 10,000.
  ///   - tail: bytes to append.
  ///   - size: of the whole.
  func assemble(
    _ sources: [S3Range], tail: ByteBuffer?, size: Int64, to key: String
  ) async throws(S3Failure) {
    let upload = try await client.createMultipartUpload(key, options)
    do {
      var parts = try await copy(sources, upload, key)
      if let tail, tail.readableBytes > 0 {
        parts.append(try await client.uploadPart(sources.count + 1, of: upload, key, tail))
      }
      try await client.completeMultipartUpload(upload, key, parts, size: size)
    } catch {
      // The cancelled task must not cancel the request that aborts the upload.
      let client = client
      await Task { try? await client.abortMultipartUpload(upload, key) }.value
      throw error
    }
  }

  private func copy(_ sources: [S3Range], _ upload: String, _ key: String) async throws(S3Failure) -> [S3Part] {
    let client = client
    return try await SideBySide.map(Array(sources.enumerated()), width: sizes.copyConcurrency) {
      source throws(S3Failure) in
      try await client.uploadPartCopy(source.offset + 1, of: upload, key, from: source.element)
    }
  }
}
