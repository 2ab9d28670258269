import Core
import Glibc
import Logging
import Synchronization

/// Space and inodes that are set aside, so that what frees a full disk finds room for its own locks and notes: files in
/// a directory of the driver's own, one of which goes each time that there is no room.
///
/// Only maintenance may use them (the keeper, and commands): they would be gone at once if pushes could. Quotas count
/// them as the registry's other files, so they help where a quota is used up, too.
final class SpaceReserve: Sendable {
  private let directory: String
  private let lookup: PathLookup
  private let logger: Logger?
  private let isFailureTold = Atomic(false)

  /// How many files there are: as often it may happen that there is no room.
  static let count = 16
  /// Bytes of each.
  static let size = 64 << 10

  /// - Parameter logger: where it is said that none can be made; nil: nowhere.
  init(_ lookup: PathLookup, _ logger: Logger?) {
    self.lookup = lookup
    self.logger = logger
    directory = "\(lookup.root)/~reserve"
  }

  private func file(_ index: Int) -> String { "\(directory)/\(index)" }

  /// Makes what is missing, as far as there is room. A reserve that can't be made is reported once: all else can be done
  /// without.
  func fill() {
    do throws(Errno) {
      try lookup.place(of: directory).makeDirectory()
      for index in 0..<SpaceReserve.count { try make(file(index)) }
    } catch  where error.isForWantOfSpace {
      // The rest is made the next time.
    } catch {
      guard !isFailureTold.exchange(true, ordering: .relaxed) else { return }
      let reason = StorageError(error, .put, "make \(directory)")
      logger?.warning(
        "no room is kept for maintenance on a full disk: \(reason). Remove what is there, or correct its permissions")
    }
  }

  private func make(_ file: String) throws(Errno) {
    let descriptor = try lookup.open(file, O_WRONLY | O_CREAT)
    // A process that was killed may have left it shorter.
    guard try descriptor.status().st_size < SpaceReserve.size else { return }
    let failure = posix_fallocate(descriptor.number, 0, off_t(SpaceReserve.size))
    if failure == 0 { return }
    // Half a file is none.
    try? Place(verified: file).unlink()
    throw Errno(code: failure)
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
