/// A link: a small file that holds a digest and makes content visible at its place.
///
/// One that is empty or torn, as an older registry may have left after a crash, counts as absent and is
/// mended by the next write.
enum Link {
  /// The longest digest with room for a newline.
  private static let limit = 256

  /// The digest that the link at `path` holds; nil where there is none, or none that can be read.
  static func read(_ path: StoragePath, _ driver: any StorageDriver) async throws(StorageError) -> Digest? {
    let content: [UInt8]
    do {
      content = try await driver.content(at: path, limit: limit)
    } catch  where error.code == .notFound || error.code == .tooLarge {
      return nil
    }
    let text = content.last == UInt8(ascii: "\n") ? content.dropLast() : content[...]
    return Digest(String(decoding: text, as: UTF8.self))
  }

  /// Writes a link, durably.
  static func write(
    _ digest: Digest, at path: StoragePath, _ driver: any StorageDriver
  ) async throws(StorageError) {
    try await driver.put(Array(digest.description.utf8), at: path, durability: .selfChecking)
  }

  /// Removes a link, durably. One that isn't there is no error.
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
