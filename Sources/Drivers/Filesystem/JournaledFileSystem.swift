import Glibc

/// What can be relied on where a loss of power is concerned.
enum JournaledFileSystem {
  /// Whether the journal brings every earlier change of names to the disk with a later one: XFS, and ext3 and ext4
  /// where they have a journal. Where that can't be told, false, which costs syncs and no safety.
  static func isOrdered(_ directory: borrowing FileDescriptor) -> Bool {
    guard let type = directory.fileSystemType, let status = try? directory.status() else { return false }
    switch type {
    case xfs: return true
    case ext: return hasJournal(status.identity.device)
    default: return false
    }
  }

  private static let xfs = 0x5846_5342
  private static let ext = 0xEF53

  /// The journal of `/dev/name` shows as `/proc/fs/jbd2/name-8`.
  private static func hasJournal(_ device: UInt64) -> Bool {
    let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
    let minor = device & 0xFF | device >> 12 & ~0xFF & 0xFFFF_FFFF
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/sys/dev/block/\(major):\(minor)", &target, target.count - 1)
    guard length > 0 else { return false }
    let link = String(decoding: target[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard let slash = link.utf8.lastIndex(of: UInt8(ascii: "/")) else { return false }
    return exists("/proc/fs/jbd2/\(link[link.utf8.index(after: slash)...])-8")
  }
}
