import Glibc

/// Space and inodes that are set aside, so that what frees a full disk finds room for its own locks and notes: files in
/// a directory of the driver's own, one of which goes each time that there is no room.
///
/// Only maintenance may use them (the keeper, and commands): they would be gone at once if pushes could. Quotas count
/// them as the registry's other files, so they help where a quota is used up, too.
struct SpaceReserve: Sendable {
  private let directory: String
  private let lookup: PathLookup

  /// How many files there are: as often it may happen that there is no room.
  static let count = 16
  /// Bytes of each.
  static let size = 64 << 10

  init(_ lookup: PathLookup) {
    self.lookup = lookup
    directory = "\(lookup.root)/~reserve"
  }

  private func file(_ index: Int) -> String { "\(directory)/\(index)" }

  /// Makes what is missing, as far as there is room.
  func fill() throws(Errno) {
    do throws(Errno) {
      try lookup.place(of: directory).makeDirectory()
      for index in 0..<SpaceReserve.count { try make(file(index)) }
    } catch  where error.isForWantOfSpace {
      // The rest is made the next time.
    }
  }

  private func make(_ file: String) throws(Errno) {
    do throws(Errno) {
      let descriptor = try lookup.open(file, O_WRONLY | O_CREAT | O_EXCL)
      let failure = posix_fallocate(descriptor.number, 0, off_t(SpaceReserve.size))
      if failure == 0 { return }
      // Half a file is none: it would count as one from now on.
      try? Place(verified: file).unlink()
      throw Errno(code: failure)
    } catch  where error.code == EEXIST {
      // It is there.
    }
  }

  /// Makes room.
  /// - Returns: false where nothing is left to be given up.
  func giveUp() -> Bool {
    for index in (0..<SpaceReserve.count).reversed() {
      do throws(Errno) {
        try lookup.place(of: file(index)).unlink()
        return true
      } catch {
        // It is gone already.
      }
    }
    return false
  }
}

extension Errno {
  /// No block, no inode, or a quota that is used up.
  var isForWantOfSpace: Bool { code == ENOSPC || code == EDQUOT }
}
