import Core

/// The state of an in-memory driver: files and directories by path.
struct InMemoryTree: Sendable {
  private struct Directory {
    var names: Set<String> = []
    /// Differs for every change of `names`, and every touch, in whatever directory has the path.
    var version: UInt64
    var modified = WallClock.now
  }

  private var files: [StoragePath: InMemoryFile] = [:]
  private var directories: [StoragePath: Directory] = [.root: Directory(version: 0)]
  /// The identities of files that are being written.
  private var locked: Set<UInt64> = []
  private var changes: UInt64 = 0

  private mutating func nextChange() -> UInt64 {
    changes += 1
    return changes
  }

  // MARK: Looking

  /// The file at `path`, for the operation that `verb` names.
  func file(_ path: StoragePath, _ verb: String) throws(StorageError) -> InMemoryFile {
    guard let file = files[path] else {
      throw directories[path] == nil
        ? StorageError(.notFound, "\(verb) \(path)") : StorageError(.wrongKind, "\(verb) \(path)", cause: "a directory")
    }
    return file
  }

  func names(_ path: StoragePath) throws(StorageError) -> [String] {
    Array(try directory(path, "list").names)
  }

  func version(_ path: StoragePath) throws(StorageError) -> UInt64 {
    try directory(path, "stat").version
  }

  private func directory(_ path: StoragePath, _ verb: String) throws(StorageError) -> Directory {
    guard let directory = directories[path] else {
      throw files[path] == nil
        ? StorageError(.notFound, "\(verb) \(path)")
        : StorageError(.wrongKind, "\(verb) \(path)", cause: "not a directory")
    }
    return directory
  }

  func stat(_ path: StoragePath) throws(StorageError) -> StorageEntry {
    if let directory = directories[path] {
      return StorageEntry(isDirectory: true, size: 0, modified: directory.modified)
    }
    let file = try file(path, "stat")
    return StorageEntry(isDirectory: false, size: file.size, modified: file.modified)
  }

  // MARK: Changing

  /// Files `content` at `path` as a new file. Returns its identity.
  @discardableResult
  mutating func put(_ content: [UInt8], at path: StoragePath, _ verb: String) throws(StorageError) -> UInt64 {
    var file = InMemoryFile(identity: nextChange())
    content.withUnsafeBytes { file.append($0) }
    try place(file, at: path, verb)
    return file.identity
  }

  mutating func move(_ source: StoragePath, to destination: StoragePath, _ verb: String) throws(StorageError) {
    let file = try file(source, verb)
    guard source != destination else { return }
    try place(file, at: destination, verb)
    remove(source)
  }

  mutating func touch(_ path: StoragePath) throws(StorageError) {
    if directories[path] != nil { return changed(path) }
    _ = try file(path, "touch")
    files[path]?.touch()
  }

  /// Removes `directory` and those above it, below `top`, as far as they are empty.
  mutating func prune(_ directory: StoragePath, below top: StoragePath) {
    var directory = directory
    while directory.isBelow(top), directories[directory]?.names.isEmpty ?? true {
      if directories[directory] != nil { remove(directory) }
      directory = directory.parent
    }
  }

  /// Removes what is at `path` with everything below it.
  mutating func delete(_ path: StoragePath) throws(StorageError) {
    guard path != .root else { throw StorageError(.denied, "delete \(path)", cause: "the root stays") }
    guard files[path] != nil || directories[path] != nil else { throw StorageError(.notFound, "delete \(path)") }
    remove(path)
  }

  private mutating func place(_ file: InMemoryFile, at path: StoragePath, _ verb: String) throws(StorageError) {
    guard directories[path] == nil else { throw StorageError(.wrongKind, "\(verb) \(path)", cause: "a directory") }
    try makeDirectory(path.parent, verb)
    files[path] = file
    enter(path)
  }

  private mutating func makeDirectory(_ path: StoragePath, _ verb: String) throws(StorageError) {
    if directories[path] != nil { return }
    guard files[path] == nil else { throw StorageError(.wrongKind, "\(verb) \(path)", cause: "not a directory") }
    try makeDirectory(path.parent, verb)
    directories[path] = Directory(version: nextChange())
    enter(path)
  }

  /// Adds the entry of `path` to its directory.
  private mutating func enter(_ path: StoragePath) {
    directories[path.parent]?.names.insert(String(path.lastComponent))
    changed(path.parent)
  }

  private mutating func remove(_ path: StoragePath) {
    removeBelow(path)
    directories[path.parent]?.names.remove(String(path.lastComponent))
    changed(path.parent)
  }

  private mutating func changed(_ directory: StoragePath) {
    let version = nextChange()
    directories[directory]?.version = version
    directories[directory]?.modified = WallClock.now
  }

  private mutating func removeBelow(_ path: StoragePath) {
    files[path] = nil
    for name in directories.removeValue(forKey: path)?.names ?? [] {
      guard let below = path.appending(name) else { continue }
      removeBelow(below)
    }
  }

  // MARK: Writing

  /// Locks the file at `path`, made where it is missing. nil where it is locked already.
  mutating func open(_ path: StoragePath, appending: Bool) throws(StorageError) -> (identity: UInt64, size: Int64)? {
    if files[path] == nil { try put([], at: path, "write") }
    let file = try file(path, "write")
    guard locked.insert(file.identity).inserted else { return nil }
    if !appending { files[path]?.truncate() }
    return (file.identity, appending ? file.size : 0)
  }

  /// Whether the file at `path` is the one with `identity`.
  func holds(_ identity: UInt64, at path: StoragePath) -> Bool {
    files[path]?.identity == identity
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer, to path: StoragePath) {
    files[path]?.append(bytes)
  }

  mutating func unlock(_ identity: UInt64) {
    locked.remove(identity)
  }
}
