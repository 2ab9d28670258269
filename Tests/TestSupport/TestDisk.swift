package import Drivers
import Foundation

/// A folder for a small file system of its own, unmounted when the test is over. Only root may mount one.
package final class TestDisk: Sendable {
  /// What is mounted.
  package enum Kind: Sendable {
    /// In memory, with options of `mount`.
    case memory(String)
    /// ext4 in a file of `megabytes`, with options of `mkfs.ext4`.
    case ext4(megabytes: Int = 64, options: [String] = [])
  }

  /// What a file system promises of names.
  package enum Promise: CaseIterable, Sendable {
    /// ext4 with a journal.
    case inOrder
    /// Anything else.
    case none
  }

  private let folder: TemporaryFolder
  /// Where it is mounted.
  package let path: String

  package init() throws {
    folder = try TemporaryFolder()
    path = folder / "disk"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit {
    try? unmount()
  }

  package func mount(_ kind: Kind) throws {
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

  package func mount(_ promise: Promise) throws {
    switch promise {
    case .inOrder: try mount(.ext4())
    case .none: try mount(.memory("size=16m"))
    }
  }

  package func remount(_ option: String) throws {
    _ = try ChildProcess.output(["/usr/bin/mount", "-o", "remount,\(option)", path])
  }

  package func unmount() throws {
    _ = try ChildProcess.output(["/usr/bin/umount", "-l", path])
  }

  package func driver(below directory: String = "") throws -> FilesystemDriver {
    try FilesystemDriver(rootDirectory: path + "/" + directory, maxThreads: 25, accelPrefix: nil)
  }
}
