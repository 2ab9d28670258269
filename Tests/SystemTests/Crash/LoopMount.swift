import Foundation
import TestSupport

/// A file system in a file, mounted for as long as this object lives. Needs root.
final class LoopMount {
  /// What a file system is made and mounted with.
  enum Kind: String, CaseIterable, Sendable, CustomStringConvertible {
    case ext4, ext4WithoutJournal, xfs, btrfs

    var description: String { rawValue }

    /// Nothing is written to the disk before its time, so that what isn't synced is lost.
    fileprivate var options: String {
      switch self {
      case .ext4: "noatime,noinit_itable,commit=600"
      case .ext4WithoutJournal: "noatime,noinit_itable"
      case .xfs: "noatime,nouuid"
      case .btrfs: "noatime,commit=300"
      }
    }

    fileprivate func format(_ image: String) -> [String] {
      switch self {
      case .ext4: ["/sbin/mkfs.ext4", "-q", "-F", image]
      case .ext4WithoutJournal: ["/sbin/mkfs.ext4", "-q", "-F", "-O", "^has_journal", image]
      case .xfs: ["/sbin/mkfs.xfs", "-q", "-f", image]
      case .btrfs: ["/sbin/mkfs.btrfs", "-q", "-f", image]
      }
    }

    fileprivate var size: Int { self == .xfs ? 320 << 20 : self == .btrfs ? 160 << 20 : 48 << 20 }
  }

  /// Where it is mounted.
  let path: String
  private let device: String

  /// Makes an image. `options` are further ones for mkfs.
  static func make(_ kind: Kind, _ image: String, size: Int? = nil, _ options: [String] = []) throws {
    guard FileManager.default.createFile(atPath: image, contents: nil) else { throw Failure("can't make \(image)") }
    guard truncate(image, off_t(size ?? kind.size)) == 0 else { throw Failure("can't size \(image)") }
    let command = kind.format(image)
    _ = try ChildProcess.output([command[0]] + options + command.dropFirst())
  }

  /// Mounts an image at `path`, a directory that is made. Recovers what a loss of power has left.
  init(_ kind: Kind, _ image: String, at path: String, options: String? = nil) throws {
    if kind == .ext4WithoutJournal {
      // 1 and 2: it had something to mend.
      let check = try ChildProcess(["/sbin/e2fsck", "-fy", image], log: image + ".e2fsck")
      guard check.exitStatus <= 2 else {
        throw Failure((try? String(contentsOfFile: image + ".e2fsck", encoding: .utf8)) ?? "e2fsck failed")
      }
    }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    self.path = path
    let device = try ChildProcess.output(["/sbin/losetup", "--find", "--show", image])
      .trimmingCharacters(in: .whitespacesAndNewlines)
    self.device = device
    do {
      _ = try ChildProcess.output(["/bin/mount", "-o", options ?? kind.options, device, path])
    } catch {
      _ = try? ChildProcess.output(["/sbin/losetup", "--detach", device])
      throw error
    }
  }

  deinit {
    do {
      _ = try ChildProcess.output(["/bin/umount", path])
    } catch {
      // Someone looks at it: it goes once they are done.
      _ = try? ChildProcess.output(["/bin/umount", "--lazy", path])
    }
    _ = try? ChildProcess.output(["/sbin/losetup", "--detach", device])
  }

  /// Sectors that were written to the image so far.
  var sectorsWritten: Int {
    get throws {
      let name = device.split(separator: "/").last ?? ""
      let fields = try String(contentsOfFile: "/sys/block/\(name)/stat", encoding: .utf8).split(separator: " ")
      guard fields.count > 6, let sectors = Int(fields[6]) else { throw Failure("no statistics of \(device)") }
      return sectors
    }
  }

  /// Whether this process may mount, tried out.
  static let isPossible: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder(in: memory), (try? make(.ext4, folder / "image")) != nil
    else { return false }
    return (try? LoopMount(.ext4, folder / "image", at: folder / "mount")) != nil
  }()

  /// A folder for images where writing and copying cost least.
  static let memory: String? = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil
}
