import Core
import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Collections of directories that docker/distribution wrote, and the command.
@Suite(.ownThread) struct GarbageCollectionTests {
  /// Runs `berth garbage-collect` over a storage directory.
  private func collect(_ root: String, _ options: String...) throws -> (status: Int32, output: String, errors: String) {
    let folder = try TemporaryFolder()
    try "version: 0.1\nstorage: {filesystem: {rootdirectory: \(root)}}\n".write(
      toFile: folder / "config.yml", atomically: true, encoding: .utf8)
    let outcome = try ChildProcess.run(
      [try RegistryServer.berthExecutable(), "garbage-collect", folder / "config.yml"] + options, environment: [:])
    return (outcome.status, outcome.output, outcome.errors)
  }

  /// Without what maintenance keeps for itself.
  private func files(_ root: String) throws -> [String] {
    try ChildProcess.output(["/usr/bin/find", root, "-type", "f"]).split(separator: "\n").map(String.init)
      .filter { !$0.contains("/_maintenance/") && !$0.contains("/~reserve/") }.sorted()
  }

  @Test(
    "schema 1 of 2015 stays, signatures and all, wherever its version linked it",
    arguments: ["2.0.1", "2.1.0", "2.1.1"])
  func schema1(version: String) throws {
    let fixture = try Fixture(version: version)
    let before = try files(fixture.rootDirectory)
    for option in ["--verbose", "--delete-untagged"] {
      let (status, output, errors) = try collect(fixture.rootDirectory, "--older-than", "0s", option)
      #expect(status == 0, "\(output)\(errors)")
      #expect(try files(fixture.rootDirectory) == before)
    }
    // Without its tags, it stays for what it is, and goes where that isn't enough.
    for repository in ["alpha", "beta"] {
      try FileManager.default.removeItem(
        atPath: "\(fixture.rootDirectory)/docker/registry/v2/repositories/team/\(repository)/_manifests/tags")
    }
    let untagged = try files(fixture.rootDirectory)
    #expect(try collect(fixture.rootDirectory, "--older-than", "0s").status == 0)
    #expect(try files(fixture.rootDirectory) == untagged)
    #expect(try collect(fixture.rootDirectory, "--older-than", "0s", "--delete-untagged").status == 0)
    #expect(try files(fixture.rootDirectory).filter { $0.hasSuffix("/data") } == [])
  }

  @Test("docker-registry and Berth serve the same after a collection as before", arguments: ["2.8.2", "3.1"])
  func later(version: String) async throws {
    let fixture = try Fixture(version: version)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: fixture.rootDirectory)
    let client = WireClient(port: server.port)
    let before = try await RegistrySnapshot(of: client)
    for option in ["--verbose", "--delete-untagged"] {
      let (status, output, errors) = try collect(fixture.rootDirectory, "--older-than", "0s", option)
      #expect(status == 0, "\(output)\(errors)")
      #expect(try await RegistrySnapshot(of: client) == before)
    }
    let peer = try DockerRegistry(rootDirectory: fixture.rootDirectory)
    #expect(try await RegistrySnapshot(of: WireClient(port: peer.port)) == before)
    // What was collected is pushed again.
    try await TestImage.push(to: client, repository: "team/alpha", tag: "again", unique: version)
    #expect(try await RegistrySnapshot(of: WireClient(port: peer.port)).tags["team/alpha"]?["again"] != nil)
  }

  @Test("the command says what it does, and how it ended")
  func command() async throws {
    let storage = try TemporaryFolder()
    let driver = try FilesystemDriver(rootDirectory: storage.path, maxThreads: 25, accelPrefix: nil)
    let registry = Registry(driver: driver)
    let name = try #require(RepositoryName("team/app"))
    let other = try #require(RepositoryName("team/other"))
    var digests: [Digest] = []
    for number in 0..<3 {
      let content = Array("garbage \(number)".utf8)
      digests.append(ContentHasher.digest(.sha256, of: content))
      try await registry.blobs.put(content, digest: digests[number])
      try await registry.repository(number == 0 ? name : other).blobs.link(digests[number])
    }
    let young = try collect(storage.path)
    #expect(young.status == 0 && young.output.contains("blobs: 0 removed (0 bytes), 3 kept"), "\(young)")
    try await Task.sleep(for: .milliseconds(300))
    let dry = try collect(storage.path, "--dry-run", "--verbose", "--older-than", "0s")
    #expect(dry.status == 0 && dry.output.contains("blobs: 3 would be removed (27 bytes), 0 kept"), "\(dry)")
    #expect(dry.output.split(separator: "\n").count { $0.hasPrefix("would remove blob ") } == 3)

    let turn = try await MaintenanceTurn.perform(GarbageCollector.task, driver) { () async throws(StorageError) in
      (Result { try collect(storage.path, "--older-than", "0s") }, isComplete: true)
    }
    guard case .done(let outcome) = turn else { throw Failure("another process has the turn") }
    let second = try outcome.get()
    #expect(second.status == 75 && second.errors.contains("another collection"), "\(second)")

    let broken = StorageLayout.revisionLink(name, digests[0])
    try await driver.put([], at: broken, durability: .process)
    let run = try collect(storage.path, "--verbose", "--older-than", "0s")
    #expect(run.status == 3, "\(run)")
    #expect(run.output.contains(broken.string) && run.output.contains("problems: "))
    #expect(run.output.split(separator: "\n").contains { $0.hasPrefix("removing blob ") })

    #expect(try collect("/nowhere/at/all").status == 1)
    #expect(try collect(storage.path, "--older-than", "yesterday").status == 64)
  }

  @Test("interrupted, it says so, and goes on when it is run again")
  func interruption() async throws {
    let storage = try TemporaryFolder()
    let driver = try FilesystemDriver(rootDirectory: storage.path, maxThreads: 25, accelPrefix: nil)
    try await driver.put(
      [], at: try #require(StoragePath("/docker/registry/v2/repositories/a/_layers/x")), durability: .process)
    for number in 0..<3000 {
      let content = Array("garbage \(number)".utf8)
      let digest = ContentHasher.digest(.sha256, of: content)
      try await driver.put(content, at: StorageLayout.blobData(digest), durability: .process)
    }
    try await Task.sleep(for: .milliseconds(300))
    let folder = try TemporaryFolder()
    try "version: 0.1\nstorage: {filesystem: {rootdirectory: \(storage.path)}}\n".write(
      toFile: folder / "config.yml", atomically: true, encoding: .utf8)
    let process = try ChildProcess(
      [try RegistryServer.berthExecutable(), "garbage-collect", folder / "config.yml", "--older-than", "0s"],
      output: folder / "out", errors: nil)
    let note = storage / "docker/registry/v2/_maintenance/garbagecollection.run"
    while process.isRunning, !FileManager.default.fileExists(atPath: note) { usleep(1000) }
    if process.isRunning { kill(process.processID, SIGINT) }
    let status = process.exitStatus
    let text = try String(contentsOfFile: folder / "out", encoding: .utf8)
    #expect(!process.wasKilled)
    // A machine may be fast enough to be through.
    if status != 0 { #expect(status == 130 && text.contains("interrupted"), "\(text)") }
    #expect(try files(storage.path).allSatisfy { !$0.contains("condemned") })
    #expect(try collect(storage.path, "--older-than", "0s").status == 0)
    #expect(try files(storage.path).allSatisfy { !$0.hasSuffix("/data") })
  }
}
