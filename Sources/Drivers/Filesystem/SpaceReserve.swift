import Core
import Glibc
import Logging
import Synchronization

/// Space and inodes that are set aside, so that maintenance can write its locks and notes when it frees a full disk:
/// files in a directory of the driver's own, one of which is removed each time that there is no space.
///
/// Only maintenance may use them (the keeper, and commands): they would be gone at once if pushes could. Quotas count
/// them as the registry's other files, so they help where a quota is used up, too.
final class SpaceReserve: Sendable {
  private let directory: String
  private let lookup: PathLookup
  private let logger: Logger?
  private let isFailureTold = Atomic(false)

  /// How many files there are, and so how often space can be given up.
  static let count = 16
  /// Bytes of each.
  static let size = 64 << 10

  /// - Parameter logger: gets a warning where no reserve can be made; nil: none is logged.
  init(_ lookup: PathLookup, _ logger: Logger?) {
    self.lookup = lookup
    self.logger = logger
    directory = "\(lookup.root)/~reserve"
  }

  private func file(_ index: Int) -> String { "\(directory)/\(index)" }

  /// Creates missing files, as far as there is space. A failure is logged once: all other work can be done without a
  /// reserve.
  func fill() {
    do throws(Errno) {
      try lookup.place(of: directory).makeDirectory()
      for index in 0..<SpaceReserve.count { try make(file(index)) }
    } catch  where error.isForWantOfSpace {
      // The rest is created the next time.
    } catch {
      guard !isFailureTold.exchange(true, ordering: .relaxed) else { return }
      let reason = StorageError(error, .put, "make \(directory)")
      logger?.warning(
        "no room is kept for maintenance on a full disk: \(reason). Remove what is there, or correct its permissions")
    }
  }

  private func make(_ file: String) throws(Errno) {
    let descriptor = try lookup.open(file, O_WRONLY | O_CREAT)
    // A process that was killed may have left a shorter file.
    guard try descriptor.status().st_size < SpaceReserve.size else { return }
    let failure = posix_fallocate(descriptor.number, 0, off_t(SpaceReserve.size))
    if failure == 0 { return }
    // A file that is too short does not count.
    try? Place(verified: file).unlink()
    throw Errno(code: failure)
  }

  /// Removes one file of the reserve.
  /// - Returns: false where none is left.
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
