public import Core

extension S3Driver {
  /// See ``StorageDriver/list(_:)``. A directory exists as long as something is in it.
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    var names: [String] = []
    try await forEachName(in: path) { names.append($0) }
    return names
  }

  /// See ``StorageDriver/forEachName(in:_:)``: a page of names at a time.
  public func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    try await forEachEntry(of: path) { name, _ throws(StorageError) in try await visit(name) }
  }

  /// See ``StorageDriver/entries(of:)``.
  public func entries(of path: StoragePath) async throws(StorageError) -> [DirectoryEntry] {
    var entries: [DirectoryEntry] = []
    try await forEachEntry(of: path) { name, object throws(StorageError) in
      if let object {
        entries.append(
          (name, StorageEntry(isDirectory: false, size: object.size, modified: object.modified)))
      } else if let below = path.appending(name) {
        do throws(StorageError) {
          entries.append((name, try await stat(below)))
        } catch  where error.code == .notFound {
          // It was removed meanwhile.
        }
      }
    }
    return entries
  }

  /// - Parameter visit: gets the object; nil where something lies below the name: a directory, or a file that is being
  ///   written.
  private func forEachEntry(
    of path: StoragePath, _ visit: (String, S3Page.Object?) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let prefix = keys.prefix(path)
    var pages = S3Pages(client, of: prefix, delimiter: "/")
    var isEmpty = true
    var isFile = false
    while let page = try await perform("list", path, { () async throws(S3Failure) in try await pages.next() }) {
      // A name that is both a file and a prefix is visited once, as the file.
      let below = page.prefixes.map { (name: $0.dropFirst(prefix.count).dropLast(), object: S3Page.Object?.none) }
      let objects = page.objects.map { (name: $0.key.dropFirst(prefix.count), object: S3Page.Object?.some($0)) }
      var last: Substring?
      for (name, object) in (objects + below).sorted(by: { $0.name < $1.name }) {
        if name.isEmpty || name == last { continue }
        last = name
        if name.hasPrefix(S3Keys.ownMark) {
          isFile = true
        } else if StoragePath.isComponent(name.utf8) {
          isEmpty = false
          try await visit(String(name), object)
        }
      }
    }
    guard isEmpty, path != .root else { return }
    if isFile { throw StorageError(.wrongKind, "list \(path)", cause: "it is a file") }
    throw notFound("list", path)
  }
}
