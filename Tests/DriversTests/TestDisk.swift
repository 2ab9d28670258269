import Drivers
import Foundation
import TestSupport

/// A folder for a small file system of its own, unmounted when the test is over. Only root may mount one.
final class TestDisk: Sendable {
  /// What is mounted.
  enum Kind: Sendable {
    /// In memory, with options of `mount`.
    case memory(String)
    /// ext4 in a file of `megabytes`, with options of `mkfs.ext4`.
    case ext4(megabytes: Int = 64, options: [String] = [])
  }

  private let folder: TemporaryFolder
  /// Where it is mounted.
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder / "disk"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit {
    try? unmount()
  }

  func mount(_ kind: Kind) throws {
    switch kind {
    case .memory(let options):
      _ = try ChildProcess.output(["/usr/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", path])
    case .ext4(let megabytes, let options):
      let image = folder / "image"
      if !FileManager.default.fileExists(atPath: image) {
        _ = try ChildProcess.output(["/usr/bin/truncate", "-s", "\(megabytes)M", image])
        _ = try ChildProcess.output(["/usr/sbin/mkfs.ext4", "-q", "-F"] + options + [image])
      }
      _ = try ChildProcess.output(["/usr/bin/mount", "-o", "loop", image, path])
    }
  }

  func remount(_ option: String) throws {
    _ = try ChildProcess.output(["/usr/bin/mount", "-o", "remount,\(option)", path])
  }

  func unmount() throws {
    _ = try ChildProcess.output(["/usr/bin/umount", "-l", path])
  }

  func driver(below directory: String = "") throws -> FilesystemDriver {
    try FilesystemDriver(rootDirectory: path + "/" + directory, maxThreads: 25, accelPrefix: nil)
  }
}
