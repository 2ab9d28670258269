import Core
import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// A disk on which nothing fits any more, not a block or not a file, is freed by each command that frees something.
@Suite(.ownThread, .enabled(if: geteuid() == 0, "mounting a file system takes root"))
struct FullDiskTests {
  private let disk: TestDisk
  private let folder: TemporaryFolder
  private let driver: FilesystemDriver
  private let client: InProcessClient

  /// What there is none of.
  enum Shortage: CaseIterable, Sendable { case blocks, inodes }

  init() async throws {
    disk = try TestDisk()
    folder = try TemporaryFolder()
    try disk.mount(.ext4(megabytes: 24, options: ["-m", "0", "-N", "512"]))
    driver = try FilesystemDriver(
      rootDirectory: disk.path + "/registry", maxThreads: 25, accelPrefix: nil, hasReserve: true)
    client = InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver)))
    try "version: 0.1\nstorage: {filesystem: {rootdirectory: \(disk.path)/registry}}\n"
      .write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
    // As the keeper does when the service starts.
    _ = try await driver.sweepLeftovers(olderThan: .zero)
    try await store()
  }

  /// An image, an untagged one, garbage, and uploads that broke off.
  private func store() async throws {
    for (reference, seed) in [("1", "kept"), (nil, "untagged"), ("1", "other")] {
      try await push(reference, seed: seed)
    }
    for seed in 1...3 { try await blob(TestContent.bytes(300_000, seed: seed)) }
    for seed in 4...6 {
      let begun = try await client.send(.post, "/v2/team/app/blobs/uploads/")
      let location = try #require(begun.fields[.location])
      let sent = try await client.send(.patch, location, body: TestContent.bytes(300_000, seed: seed))
      #expect(sent.status == 202)
    }
  }

  private func blob(_ content: [UInt8]) async throws {
    let answer = try await client.send(
      .post, "/v2/team/app/blobs/uploads/?digest=\(TestContent.digest(content))", body: content)
    #expect(answer.status == 201, "\(answer.text)")
  }

  private func push(_ reference: String?, seed: String) async throws {
    let config = Array("config \(seed)".utf8)
    try await blob(config)
    let manifest = Array(
      """
      {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[],"config":\
      {"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(TestContent.digest(config))",\
      "size":\(config.count)}}
      """.utf8)
    let name = reference ?? TestContent.digest(manifest).description
    let answer = try await client.send(.put, "/v2/team/app/manifests/\(name)", body: manifest)
    #expect(answer.status == 201, "\(answer.text)")
  }

  /// Takes all that there is of something.
  private func fill(_ shortage: Shortage) throws {
    let directory = disk.path + "/filler"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    let block = [UInt8](repeating: 7, count: 64 << 10)
    for number in 0... {
      let file = open("\(directory)/\(number)", O_WRONLY | O_CREAT | O_APPEND, 0o666)
      guard file >= 0 else { break }
      defer { close(file) }
      guard shortage == .blocks else { continue }
      var size = block.count
      while size > 0 {
        if write(file, block, size) < size { size /= 2 }
      }
      fsync(file)
      if try available(.blocks) == 0 { break }
    }
    #expect(try available(shortage) == 0)
  }

  private func available(_ shortage: Shortage) throws -> Int {
    var status = statvfs()
    try #require(statvfs(disk.path, &status) == 0)
    return Int(shortage == .blocks ? status.f_bavail : status.f_ffree)
  }

  private func berth(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
    let outcome = try ChildProcess.run([try RegistryServer.berthExecutable()] + arguments)
    return (outcome.status, outcome.output, outcome.errors)
  }

  /// A command, and whether it takes things away.
  struct Command: Sendable, CustomTestStringConvertible {
    let words: [String]
    var rest: [String] = []
    var frees = true
    var testDescription: String { (words + rest).joined(separator: " ") }
  }

  static let commands = [
    Command(words: ["garbage-collect"], rest: ["--older-than", "0s"]),
    Command(words: ["garbage-collect"], rest: ["--older-than", "0s", "--delete-untagged"]),
    Command(words: ["verify"], frees: false), Command(words: ["verify", "--repair"], frees: false),
    Command(words: ["repository", "untagged"], rest: ["team/app", "--delete", "--older-than", "0s"]),
    Command(words: ["repository", "delete"], rest: ["team/app"]),
    Command(words: ["uploads", "purge"], rest: ["--older-than", "0s"]),
    Command(words: ["uploads", "list"], frees: false),
  ]

  @Test(arguments: Shortage.allCases, commands)
  func `a command that frees a disk works on one that is full`(shortage: Shortage, command: Command) async throws {
    try fill(shortage)
    let outcome = try berth(command.words + [folder / "config.yml"] + command.rest)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    if command.frees { #expect(try available(shortage) > 0) }
    // What is to be kept is.
    guard command.words != ["repository", "delete"] else { return }
    #expect(try await client.send(.get, "/v2/team/app/manifests/1").status == 200)
  }

  @Test func `a push for which there is no room leaves nothing`() async throws {
    let uploads = disk.path + "/registry" + StorageLayout.uploads(try #require(RepositoryName("team/app"))).string
    try fill(.blocks)
    let before = try FileManager.default.contentsOfDirectory(atPath: uploads)
    let content = TestContent.bytes(2_000_000, seed: 9)
    let whole = try await client.send(
      .post, "/v2/team/app/blobs/uploads/?digest=\(TestContent.digest(content))", body: content)
    #expect(whole.status == 503)
    #expect(whole.text.contains("the upload is gone"), "\(whole.text)")
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: uploads)) == Set(before))
  }
}
