/// A link: a small file that holds a digest and makes content visible at its place.
///
/// An empty or torn link, as another registry may leave after a crash, counts as absent and is repaired by the next
/// write.
enum Link {
  /// The longest digest with room for a newline.
  private static let limit = 256

  /// The digest that the link at `path` holds; nil where there is none, or none that can be read.
  static func read(
    _ path: StoragePath, _ driver: any StorageDriver, damage: DamageLog? = nil
  ) async throws(StorageError) -> Digest? {
    let content: [UInt8]
    do {
      content = try await driver.content(at: path, limit: limit)
    } catch  where error.code == .notFound {
      return nil
    } catch  where error.code == .tooLarge {
      damage?.note(path, "is too long for a link")
      return nil
    } catch  where error.code == .irregular {
      damage?.note(path, "can't be read (\(error.cause ?? error.message))")
      return nil
    }
    let digest = digest(content)
    if digest == nil { damage?.note(path, content.isEmpty ? "is empty" : "holds no digest") }
    return digest
  }

  /// Parses a link's content; nil where it is no digest.
  static func digest(_ content: [UInt8]) -> Digest? {
    let text = content.last == UInt8(ascii: "\n") ? content.dropLast() : content[...]
    return Digest(String(decoding: text, as: UTF8.self))
  }

  /// As `read`, but if garbage collection has moved the link aside, moves it back.
  static func find(_ path: StoragePath, _ blobs: BlobStore) async throws(StorageError) -> Digest? {
    if let digest = try await read(path, blobs.driver, damage: blobs.damage) { return digest }
    guard try await blobs.removal.restore(path) else { return nil }
    return try await read(path, blobs.driver)
  }

  /// Writes a link, durably, unless it exists. The caller has stored or claimed the content before, so that garbage
  /// collection keeps the link.
  /// - Returns: whether it was written; then earlier writes with `withNext` are durable, too.
  @discardableResult
  static func ensure(
    _ digest: Digest, at path: StoragePath, _ blobs: BlobStore
  ) async throws(StorageError) -> Bool {
    let driver = blobs.driver
    _ = try await blobs.removal.awaitDecision(on: path)
    if try await isThere(digest, at: path, blobs) {
      do {
        try await driver.settle(path)
        return false
      } catch  where error.code == .notFound {
        // It was removed meanwhile.
      }
    }
    try await write(digest, at: path, driver)
    return true
  }

  /// A link that can't be read counts as absent, and is written again.
  private static func isThere(
    _ digest: Digest, at path: StoragePath, _ blobs: BlobStore
  ) async throws(StorageError) -> Bool {
    do {
      return try await find(path, blobs) == digest
    } catch  where error.mayBeOfOneFile {
      return false
    }
  }

  /// Writes a link, durably.
  private static func write(
    _ digest: Digest, at path: StoragePath, _ driver: any StorageDriver
  ) async throws(StorageError) {
    try await driver.put(Array(digest.description.utf8), at: path, durability: .selfChecking)
  }

  /// Removes a link, durably. No error if it does not exist.
  /// - Returns: whether it was there.
  @discardableResult
  static func remove(_ path: StoragePath, _ driver: any StorageDriver) async throws(StorageError) -> Bool {
    do {
      try await driver.delete(path, durability: .powerLoss)
      return true
    } catch  where error.code == .notFound {
      return false
    }
  }
}
