public import Core

extension S3Driver {
  /// See ``StorageDriver/list(_:)``. A directory is there as long as something is in it.
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] {
    var names: [String] = []
    try await forEachName(in: path) { names.append($0) }
    return names
  }

  /// See ``StorageDriver/forEachName(in:_:)``: a page of names at a time.
  public func forEachName(
    in path: StoragePath, _ visit: (String) async throws(StorageError) -> Void
  ) async throws(StorageError) {
    let prefix = keys.prefix(path)
    var token: String?
    var isEmpty = true
    var isFile = false
    repeat {
      let page = try await perform("list", path) { () async throws(S3Failure) in
        try await client.page(of: prefix, delimiter: "/", continuing: token)
      }
      // What is a file and has something below it is named once.
      var last: Substring?
      for name in (page.objects.map { $0.key[...] } + page.prefixes.map { $0.dropLast() }).sorted() {
        let name = name.dropFirst(prefix.count)
        if name.isEmpty || name == last { continue }
        last = name
        if name.hasPrefix(S3Keys.ownMark) {
          isFile = true
        } else if StoragePath.isComponent(name.utf8) {
          isEmpty = false
          try await visit(String(name))
        }
      }
      token = page.next
    } while token != nil
    guard isEmpty, path != .root else { return }
    if isFile { throw StorageError(.wrongKind, "list \(path)", cause: "it is a file") }
    throw notFound("list", path)
  }
}
