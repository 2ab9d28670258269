import Glibc

/// What a file system promises of new names where a loss of power is concerned.
enum NamePromise {
  /// One sync of anything takes every earlier change of names with it: XFS, and ext3 and ext4 with a journal.
  case inOrder
  /// A name lasts once its directory was synced, and that one's name once the one above was. Wherever nothing better
  /// is known: that costs syncs and no safety. ext4 without a journal writes a file's new name with the file, but not
  /// that a name went from the directories above, and the check after a loss of power may then clear the new name
  /// because an old one leads to the same inode.
  case none

  /// Of the file system that a directory is in.
  init(of directory: borrowing FileDescriptor) {
    self = .none
    guard let type = directory.fileSystemType, let status = try? directory.status() else { return }
    if type == NamePromise.xfs {
      self = .inOrder
    } else if type == NamePromise.ext, let device = NamePromise.deviceName(status.identity.device) {
      // ext2 has the same number, and no journal.
      if exists("/proc/fs/jbd2/\(device)-8") { self = .inOrder }
    }
  }

  /// Whether the place of a directory that was removed may be given to a new one before the disk knows of its end, as
  /// ext4 does without a journal, and ext2: the check after a loss of power finds two directories there, and what was in
  /// the new one with the old one. So a directory's end has to be synced.
  func reusesDirectories(of directory: borrowing FileDescriptor) -> Bool {
    self == .none && directory.fileSystemType == NamePromise.ext
  }

  private static let xfs = 0x5846_5342
  private static let ext = 0xEF53

  /// `name` of `/dev/name`.
  private static func deviceName(_ device: UInt64) -> Substring? {
    let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
    let minor = device & 0xFF | device >> 12 & ~0xFF & 0xFFFF_FFFF
    guard let link = linkTarget(of: "/sys/dev/block/\(major):\(minor)") else { return nil }
    return link.utf8.lastIndex(of: UInt8(ascii: "/")).map { link[link.utf8.index(after: $0)...] }
  }
}
