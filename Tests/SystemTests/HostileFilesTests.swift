import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Commands over a storage whose files claim absurd numbers of bytes, of things counted, or of years.
@Suite(.ownThread) struct HostileFilesTests {
  private let folder: TemporaryFolder
  private let blobs: String

  init() throws {
    // In memory, whose files may be longer than the files of most disks.
    folder = try TemporaryFolder(in: "/dev/shm")
    blobs = folder / "data/docker/registry/v2/blobs/sha256"
    try FileManager.default.createDirectory(
      atPath: folder / "data/docker/registry/v2/repositories", withIntermediateDirectories: true)
    try """
    version: 0.1
    storage: {filesystem: {rootdirectory: \(folder / "data")}, cache: {blobdescriptor: inmemory}}
    """.write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
  }

  /// A file whose length is as much as the file system takes, up to 2^62, of which nothing is on the disk.
  /// - Returns: its length.
  private func sparse(_ number: Int) throws -> Int64 {
    let hex = String(repeating: "\(number)", count: 64)
    let directory = "\(blobs)/\(hex.prefix(2))/\(hex)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let descriptor = open(directory + "/data", O_CREAT | O_WRONLY, 0o644)
    defer { close(descriptor) }
    var length = 1 << 62
    while ftruncate(descriptor, length) != 0, length > 1 { length /= 2 }
    // Long ago, so that it is garbage.
    var times = [timespec(tv_sec: number == 0 ? -8_520_336_000 : 0, tv_nsec: 0), timespec()]
    times[1] = times[0]
    futimens(descriptor, times)
    return Int64(length)
  }

  private func berth(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
    let process = try ChildProcess(
      [try RegistryServer.berthExecutable()] + arguments + [folder / "config.yml"], output: folder / "out",
      errors: folder / "err")
    let status = process.exitStatus
    return (
      status, try String(contentsOfFile: folder / "out", encoding: .utf8),
      try String(contentsOfFile: folder / "err", encoding: .utf8)
    )
  }

  @Test func `files of more bytes than can be counted are collected, and counted as far as that goes`() throws {
    let length = try (0..<3).map { try sparse($0) }[0]
    let sum = length == 1 << 62 ? Int64.max : 3 * length
    for arguments in [["--dry-run"], []] {
      let process = try ChildProcess(
        [try RegistryServer.berthExecutable(), "garbage-collect"] + arguments + [
          "--older-than", "1d", folder / "config.yml",
        ],
        output: folder / "out", errors: folder / "err")
      let status = process.exitStatus
      let errors = try String(contentsOfFile: folder / "err", encoding: .utf8)
      #expect(status == 0, "\(errors)")
      let output = try String(contentsOfFile: folder / "out", encoding: .utf8)
      #expect(output.contains("blobs: 3") && output.contains("(\(sum) bytes)"), "\(output)")
    }
    // With its directories goes the one for all content.
    #expect(!FileManager.default.fileExists(atPath: blobs))
  }

  @Test(arguments: ["9223372036854775807", "-1", "18446744073709551616", "1e300"])
  func `a checkpoint with absurd counts is no checkpoint`(count: String) throws {
    let directory = folder / "data/docker/registry/v2/_maintenance"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let fields = ["contents", "bytes", "repositories", "links", "manifests", "repaired", "repairable", "left"]
    let tally = fields.map { "\"\($0)\":\(count)" }.joined(separator: ",")
    try #"{"position":"/docker/registry/v2/repositories/a","tally":{\#(tally)}}"#
      .write(toFile: directory + "/verify.checkpoint", atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(
      atPath: folder / "data/docker/registry/v2/repositories/a/_layers", withIntermediateDirectories: true)
    let run = try berth("verify", "--format", "json", "--repair")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("\"repositories\":1,"), "\(run.output)")
  }
}
