import Glibc

/// What makes changes of names survive a loss of power on a file system.
enum MetadataOrdering {
  /// One sync of any file makes all earlier changes of names last: XFS, and ext3 and ext4 with a journal.
  case inOrder
  /// Each directory has to be synced for its names to last. Assumed of unknown file systems: it costs syncs, but is
  /// always safe. ext4 without a journal writes a file's new name with the file, but not the removal of names from the
  /// directories above, and the check after a loss of power may then clear the new name because an old one leads to the
  /// same inode.
  case none

  /// Of the file system that a directory is in.
  init(of directory: borrowing FileDescriptor) {
    self = .none
    guard let type = directory.fileSystemType, let status = try? directory.status() else { return }
    if type == MetadataOrdering.xfs {
      self = .inOrder
    } else if type == MetadataOrdering.ext, let device = MetadataOrdering.deviceName(status.identity.device) {
      // ext2 has the same number, and no journal.
      if exists("/proc/fs/jbd2/\(device)-8") { self = .inOrder }
    }
  }

  /// Whether a new directory may get the inode of a removed one before the removal is on the disk, as on ext2, and ext4
  /// without a journal. The check after a loss of power then finds two directories there, and the new one's entries in
  /// the old one. So the removal of a directory has to be synced.
  func reusesDirectories(of directory: borrowing FileDescriptor) -> Bool {
    self == .none && directory.fileSystemType == MetadataOrdering.ext
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
