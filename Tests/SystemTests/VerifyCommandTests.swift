import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// `berth verify` over directories that docker/distribution wrote, and over one that is damaged.
@Suite(.ownThread) struct VerifyCommandTests {
  private struct Output {
    var status: Int32
    var lines: [String]
    var errors: String
    var summary: [String: Int] = [:]
    var kinds: [String: Int] = [:]
  }

  /// Starts `berth verify` over a storage directory.
  private func start(
    _ arguments: [String], _ rootDirectory: String, _ folder: TemporaryFolder
  ) throws -> ChildProcess {
    try "version: 0.1\nstorage: {filesystem: {rootdirectory: \(rootDirectory)}}\n"
      .write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
    return try ChildProcess(
      [try RegistryServer.berthExecutable(), "verify", "--format", "json"] + arguments + [folder / "config.yml"],
      output: folder / "out", errors: folder / "err")
  }

  private func end(_ process: ChildProcess, _ folder: TemporaryFolder) throws -> Output {
    let status = process.exitStatus
    let text = try String(contentsOfFile: folder / "out", encoding: .utf8)
    var output = Output(
      status: status, lines: text.split(separator: "\n").map(String.init),
      errors: try String(contentsOfFile: folder / "err", encoding: .utf8))
    for line in output.lines {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      if let summary = object["summary"] as? [String: Int] { output.summary = summary }
      if let kind = object["kind"] as? String { output.kinds[kind, default: 0] += 1 }
    }
    return output
  }

  private func verify(_ arguments: [String] = [], _ rootDirectory: String) throws -> Output {
    let folder = try TemporaryFolder()
    return try end(start(arguments, rootDirectory, folder), folder)
  }

  @Test(
    "what every version wrote is whole, but for what it really left",
    arguments: [
      ("2.0.1", [:], 10), ("2.1.0", ["manifest-among-layers": 4], 10), ("2.1.1", [:], 10),
      ("2.8.2", ["referrer-missing": 1, "empty-directory": 2], 24),
      ("3.1", ["referrer-missing": 1, "empty-directory": 2], 24),
    ] as [(String, [String: Int], Int)])
  func archives(version: String, kinds: [String: Int], contents: Int) throws {
    let fixture = try Fixture(version: version)
    let found = try verify([], fixture.rootDirectory)
    #expect(found.kinds == kinds)
    #expect(found.status == (kinds.isEmpty ? 0 : 3))
    #expect(found.summary["contents"] == contents)
    let repaired = try verify(["--repair"], fixture.rootDirectory)
    #expect(repaired.kinds == kinds)
    #expect(repaired.status == (kinds.isEmpty ? 0 : 4))
    let second = try verify(["--repair"], fixture.rootDirectory)
    #expect(second.status == 0)
    #expect(second.lines.count == 1)
  }

  @Test func `manifests that 2.1.0 misplaced are where docker-registry looks for them`() async throws {
    let fixture = try Fixture(version: "2.1.0")
    #expect(try verify(["--repair"], fixture.rootDirectory).status == 4)
    let repository = fixture.rootDirectory + "/docker/registry/v2/repositories/team/alpha"
    let revisions = try FileManager.default.contentsOfDirectory(atPath: repository + "/_manifests/revisions/sha256")
    #expect(revisions.count == 2)
    for revision in revisions {
      let link = repository + "/_manifests/revisions/sha256/\(revision)/link"
      #expect(try String(contentsOfFile: link, encoding: .utf8) == "sha256:\(revision)")
      #expect(!FileManager.default.fileExists(atPath: repository + "/_layers/sha256/\(revision)"))
    }
    let peer = try DockerRegistry(rootDirectory: fixture.rootDirectory, schema1: true)
    let client = WireClient(port: peer.port)
    for tag in ["1.0", "latest"] {
      let answer = try await client.send(
        .get, "/v2/team/alpha/manifests/\(tag)", [.accept: MediaType.dockerSchema1Signed.rawValue])
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.text.contains("fsLayers"))
    }
  }

  @Test func `what is repaired in a later version's directory docker-registry still reads`() async throws {
    let fixture = try Fixture(version: "3.1")
    let peer = try DockerRegistry(rootDirectory: fixture.rootDirectory)
    let before = try await RegistrySnapshot(of: WireClient(port: peer.port))
    #expect(try verify(["--repair"], fixture.rootDirectory).status == 4)
    #expect(try await RegistrySnapshot(of: WireClient(port: peer.port)) == before)
  }

  @Test(.timeLimit(.minutes(5)))
  func `a run that is interrupted says so, and the next one goes on from there`() throws {
    let storage = try TemporaryFolder()
    let contents = (0..<12).map { [UInt8](repeating: UInt8($0), count: 1000) }.sorted { sha256($0) < sha256($1) }
    for (index, content) in contents.enumerated() {
      let hex = sha256(content).dropFirst("sha256:".count)
      let directory = storage / "docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)"
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      // The first two are not what they are called.
      try Data(index < 2 ? [1] : content).write(to: URL(fileURLWithPath: directory + "/data"))
      // Nothing is being written here any more.
      for path in [directory, directory + "/data"] {
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: path)
      }
    }
    let folder = try TemporaryFolder()
    let process = try start(["--rate", "2000"], storage.path, folder)
    while try String(contentsOfFile: folder / "out", encoding: .utf8).split(separator: "\n").count < 2 {
      try #require(process.isRunning)
      usleep(10_000)
    }
    kill(process.processID, SIGINT)
    let stopped = try end(process, folder)
    #expect(stopped.status == 130)
    #expect(stopped.errors.contains("stopped"))
    #expect(stopped.lines.count == 2)
    let next = try verify([], storage.path)
    #expect(next.errors.contains("going on after"))
    #expect(next.lines.count <= 2)
    #expect(next.summary["contents"] == 12)
    #expect(next.summary["repairable"] == 2)
    #expect(next.status == 3)
    // And the one after that begins anew.
    let last = try verify(["--restart", "--repair"], storage.path)
    #expect(last.kinds == ["content-corrupt": 2])
    #expect(last.status == 4)
    #expect(try verify([], storage.path).status == 0)
  }

  @Test func `a directory that holds no registry is told of, and nothing is written there`() throws {
    let storage = try TemporaryFolder()
    let output = try verify([], storage.path)
    #expect(output.status == 0)
    #expect(output.errors.contains("nothing is stored here"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: storage.path) == [])
  }

  @Test func `storage that can't be verified is an error, and not without faults`() throws {
    let folder = try TemporaryFolder()
    try "version: 0.1\nstorage: inmemory\n".write(toFile: folder / "memory.yml", atomically: true, encoding: .utf8)
    let berth = try RegistryServer.berthExecutable()
    for (arguments, status) in [
      ([folder / "memory.yml"], 78), (["--repository", "no/such", folder / "config.yml"], 1),
      ([folder / "missing.yml"], 78), (["--rate", "0", folder / "config.yml"], 64),
    ] as [([String], Int32)] {
      try "version: 0.1\nstorage: {filesystem: {rootdirectory: \(folder / "registry")}}\n"
        .write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
      let process = try ChildProcess([berth, "verify"] + arguments, log: folder / "log")
      #expect(process.exitStatus == status, "\(arguments)")
    }
  }
}
