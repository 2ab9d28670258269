/// A repository as it lies in the storage: a directory, whether a request could name it or not.
struct StoredRepository {
  let directory: StoragePath

  var layers: StoragePath { directory / "_layers" }
  var manifests: StoragePath { directory / "_manifests" }
  var revisions: StoragePath { manifests / "revisions" }
  var tags: StoragePath { manifests / "tags" }

  /// The repository, where requests can name it.
  var name: RepositoryName? {
    RepositoryName(directory.string.dropFirst(StorageLayout.repositories.string.utf8.count + 1))
  }

  func layer(_ digest: Digest) -> StoragePath {
    layers / digest.algorithm.rawValue / String(digest.hex)
  }

  func revision(_ digest: Digest) -> StoragePath {
    revisions / digest.algorithm.rawValue / String(digest.hex)
  }

  /// Visits every repository, parents before children. What isn't a directory is left out.
  /// - Parameter failed: a directory that can't be listed; what is below it is not visited.
  static func visitAll(
    _ driver: any StorageDriver, failed: (StoragePath, StorageError) -> Void,
    _ visit: (StoredRepository) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let parts: Set = ["_layers", "_manifests", "_uploads", "_referrers"]
    // A list: how deep the tree is, is not for the stack.
    var waiting = [StorageLayout.repositories]
    while let directory = waiting.popLast() {
      let names: [String]
      do {
        names = try await driver.list(directory)
      } catch  where error.code == .notFound || error.code == .wrongKind {
        continue
      } catch {
        failed(directory, error)
        continue
      }
      if names.contains(where: parts.contains) { try await visit(StoredRepository(directory: directory)) }
      for name in names where name.utf8.first != UInt8(ascii: "_") { waiting.append(directory / name) }
    }
  }
}
