import Glibc

/// Removes trees from a directory, however deep they are: without recursion, and with a bounded number of descriptors.
///
/// Directories that are deeper than that are moved up into the top directory first, and removed afterwards. Others may
/// create files in the tree meanwhile. Symbolic links are removed and never followed.
struct TreeRemoval: ~Copyable {
  /// A directory on the way down.
  private final class Level {
    let stream: DirectoryStream
    /// In the level above.
    let name: [CChar]

    init(_ name: [CChar], in above: borrowing DirectoryStream) throws(Errno) {
      stream = try DirectoryStream(opening: name, in: above)
      self.name = name
    }
  }

  private let top: DirectoryStream
  private let syncing: Bool
  private let newName: () -> String
  private var waiting: [[CChar]] = []

  /// Directories that are open at once, besides the one that the trees lie in.
  static let depth = 32

  /// - Parameters:
  ///   - top: the directory that holds the trees.
  ///   - syncing: whether to sync each directory's removal, before a new directory can get its place on the disk.
  ///   - newName: returns a name that is not used in `top`.
  init(in top: consuming DirectoryStream, syncing: Bool, newName: @escaping () -> String) {
    self.top = top
    self.syncing = syncing
    self.newName = newName
  }

  /// Removes the file, symbolic link or tree of this name, as far as others don't do so at the same time.
  mutating func remove(_ name: String) throws(Errno) {
    waiting = [name.utf8CString.map { $0 }]
    while let name = waiting.popLast() { try removeTree(name) }
  }

  private mutating func removeTree(_ name: [CChar]) throws(Errno) {
    guard let first = try enter(name, in: top) else { return }
    var levels = [first]
    while let level = levels.last {
      if let child = try nextDirectory(in: level) {
        if levels.count < TreeRemoval.depth {
          if let below = try enter(child, in: level.stream) { levels.append(below) }
        } else {
          try moveUp(child, from: level.stream)
        }
        continue
      }
      let isGone = try levels.count > 1 ? leave(level, levels[levels.count - 2].stream) : leave(level, top)
      if isGone { levels.removeLast() } else { level.stream.rewind() }
    }
  }

  /// Removes `name` if it is no directory; otherwise opens it.
  /// - Returns: nil where nothing of this name is left.
  private func enter(_ name: [CChar], in above: borrowing DirectoryStream) throws(Errno) -> Level? {
    do {
      guard try !unlinkUnlessDirectory(name, in: above) else { return nil }
      return try Level(name, in: above)
    } catch  where error.code == ENOENT {
      return nil
    }
  }

  /// Removes the files of a directory up to the next directory in it.
  /// - Returns: that one's name; nil at the end.
  private func nextDirectory(in level: Level) throws(Errno) -> [CChar]? {
    var found: [CChar]?
    while found == nil {
      let isOver = try level.stream.next { name throws(Errno) in
        if try !unlinkUnlessDirectory(name, in: level.stream) {
          found = Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
        }
      }
      if isOver { return nil }
    }
    return found
  }

  private func unlinkUnlessDirectory(
    _ name: UnsafePointer<CChar>, in above: borrowing DirectoryStream
  ) throws(Errno) -> Bool {
    let directory = above.descriptor
    do {
      try systemCall { unlinkat(directory, name, 0) }
    } catch  where error.code == ENOENT {
    } catch  where error.code == EISDIR {
      return false
    }
    return true
  }

  private mutating func moveUp(_ name: [CChar], from level: borrowing DirectoryStream) throws(Errno) {
    let hidden: [CChar] = newName().utf8CString.map { $0 }
    let (from, to) = (level.descriptor, top.descriptor)
    do {
      try systemCall { renameat(from, name, to, hidden) }
      waiting.append(hidden)
    } catch  where error.code == ENOENT {
    }
  }

  /// Removes a directory that was emptied.
  /// - Returns: false where it is not empty any more: a writer has just created a file in it.
  private func leave(_ level: Level, _ above: borrowing DirectoryStream) throws(Errno) -> Bool {
    let directory = above.descriptor
    do {
      try systemCall { unlinkat(directory, level.name, AT_REMOVEDIR) }
      // Errors do not matter: what can't be written is removed anyway.
      if syncing { fsync(level.stream.descriptor) }
    } catch  where error.code == ENOENT {
    } catch  where error.code == ENOTEMPTY {
      return false
    }
    return true
  }
}
