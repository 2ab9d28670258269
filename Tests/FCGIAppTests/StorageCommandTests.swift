import Core
import Drivers
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// `berth repository` and `berth tag`, on a storage that a registry in this process has filled.
@Suite(.ownThread) struct StorageCommandTests {
  private let folder: TemporaryFolder
  private let driver: FilesystemDriver
  private let client: InProcessClient

  init() throws {
    folder = try TemporaryFolder()
    driver = try FilesystemDriver(rootDirectory: folder / "registry", maxThreads: 100, accelPrefix: nil)
    client = InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver)))
    try "version: 0.1\nstorage: {filesystem: {rootdirectory: \(folder / "registry")}}\n"
      .write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
  }

  private func berth(
    _ command: String..., arguments: [String] = [], configuration: String? = nil
  ) throws -> (status: Int32, output: String, errors: String) {
    let outcome = try ChildProcess.run(
      [try RegistryServer.berthExecutable()] + command + [configuration ?? folder / "config.yml"] + arguments)
    return (outcome.status, outcome.output, outcome.errors)
  }

  /// Pushes an image whose config says `seed`. Returns its digest.
  @discardableResult
  private func push(
    _ name: String, _ reference: String? = nil, seed: String = "a", subject: Digest? = nil
  ) async throws -> Digest {
    let config = Array("config \(seed)".utf8)
    let digest = TestContent.digest(config)
    let pushed = try await client.send(.post, "/v2/\(name)/blobs/uploads/?digest=\(digest)", body: config)
    #expect(pushed.status == 201)
    let about =
      subject.map {
        #","subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#($0)","size":9}"#
      }
      ?? ""
    let manifest = Array(
      """
      {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[],"config":\
      {"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(digest)","size":\(config.count)}\(about)}
      """.utf8)
    let result = TestContent.digest(manifest)
    let put = try await client.send(.put, "/v2/\(name)/manifests/\(reference ?? result.description)", body: manifest)
    #expect(put.status == 201, "\(put.text)")
    return result
  }

  @Test(.enabled(if: geteuid() == 0, "only root can go on as somebody else"))
  func `what root does, the storage's owner can change`() async throws {
    try await push("a", "1")
    let owner = 65534
    let tree = try #require(FileManager.default.enumerator(atPath: folder / "registry")?.allObjects as? [String])
    for path in [""] + tree {
      try FileManager.default.setAttributes(
        [.ownerAccountID: owner, .groupOwnerAccountID: owner], ofItemAtPath: folder / "registry/\(path)")
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    #expect(try berth("garbage-collect", arguments: ["--older-than", "0s"]).status == 0)
    let made = folder / "registry/docker/registry/v2/_maintenance"
    for path in [made] + (try FileManager.default.contentsOfDirectory(atPath: made)).map({ made + "/" + $0 }) {
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.ownerAccountID] as? Int == owner)
    }
  }

  @Test func `verification beside a collection and pushes finds nothing to repair`() async throws {
    for round in 0..<4 {
      // Garbage that is old, with links that outlive it for a while.
      for number in 0..<25 {
        let content = Array("garbage \(round) \(number)".utf8)
        let digest = TestContent.digest(content)
        #expect(try await client.send(.post, "/v2/old/blobs/uploads/?digest=\(digest)", body: content).status == 201)
        let data = "registry/docker/registry/v2/blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)/data"
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -7 * 86_400)], ofItemAtPath: folder / data)
      }
      let collection = try ChildProcess(
        [RegistryServer.berthExecutable(), "garbage-collect", "--delete-untagged", folder / "config.yml"],
        log: folder / "collection.log")
      for number in 0..<5 { try await push("new", "\(number)", seed: "\(round) \(number)") }
      let verified = try berth("verify", arguments: ["--repair"])
      #expect(verified.status == 0, "\(verified.output)")
      #expect(collection.exitStatus == 0)
      #expect(try String(contentsOfFile: folder / "collection.log", encoding: .utf8).contains("blobs: 25 removed"))
    }
    #expect(try berth("verify").status == 0)
  }

  @Test func `list prints the names of all repositories`() async throws {
    #expect(try berth("repository", "list").output == "")
    for name in ["b", "a", "a/b", "a-b"] { try await push(name, "one") }
    let (status, output, errors) = try berth("repository", "list")
    #expect(status == 0 && errors.isEmpty)
    #expect(output == "a\na-b\na/b\nb\n")
  }

  @Test func `delete says what it would do, does it, and leaves what is below`() async throws {
    try await push("a", "one")
    try await push("a", "two", seed: "b")
    try await push("a", "three", seed: "b")
    try await push("a/b", "one")
    #expect(try await client.send(.post, "/v2/a/blobs/uploads/").status == 202)
    let amounts = "3 tags, 2 manifests, 2 blobs, 1 upload"
    let trial = try berth("repository", "delete", arguments: ["a", "--dry-run"])
    #expect(trial.status == 0 && trial.errors.isEmpty)
    #expect(trial.output == "would delete a: \(amounts)\n")
    #expect(try berth("repository", "list").output == "a\na/b\n")
    let (status, output, errors) = try berth("repository", "delete", arguments: ["a"])
    #expect(status == 0 && errors.isEmpty)
    #expect(output == "deleted a: \(amounts)\n")
    #expect(try berth("repository", "list").output == "a/b\n")
    #expect(try await client.send(.get, "/v2/a/b/manifests/one").status == 200)
    #expect(try await client.send(.get, "/v2/a/manifests/one").status == 404)
    let again = try berth("repository", "delete", arguments: ["a"])
    #expect(again.status == 1 && again.errors.contains("there is no repository a"))
    #expect(try berth("repository", "delete", arguments: ["A"]).status == 64)
  }

  @Test func `delete leaves an upload that is being written to, and says so`() async throws {
    try await push("a", "one")
    let name = try #require(RepositoryName("a"))
    let id = UploadID()
    let writer = try await driver.writer(at: StorageLayout.uploadData(name, id), appending: false)
    let (status, output, errors) = try berth("repository", "delete", arguments: ["a"])
    #expect(status == 3)
    #expect(output.hasPrefix("deleted a: 1 tag, 1 manifest, 1 blob, 0 uploads"))
    #expect(errors.contains("1 upload"))
    try await writer.close()
    // A process that another test is starting at this moment may hold the lock a little longer.
    var again: Int32 = 3
    for _ in 0..<100 where again == 3 { again = try berth("repository", "delete", arguments: ["a"]).status }
    #expect(again == 0)
    #expect(try await driver.list(StorageLayout.repositories).isEmpty)
  }

  @Test func `history prints what a tag pointed to`() async throws {
    let first = try await push("a", "one")
    try await Task.sleep(for: .milliseconds(20))
    let second = try await push("a", "one", seed: "b")
    #expect(try await client.send(.delete, "/v2/a/manifests/\(first)").status == 202)
    let (status, output, errors) = try berth("tag", "history", arguments: ["a", "one"])
    #expect(status == 0 && errors.isEmpty)
    let lines = output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasSuffix("Z  \(second)  current") == true)
    #expect(lines.last?.hasSuffix("Z  \(first)  deleted") == true)
    let json = try berth("tag", "history", arguments: ["a", "one", "--json"])
    let answer = try await client.send(.get, "/v2/a/_berth/tags/one/history")
    #expect(json.output == answer.text + "\n")
    let named = try ChildProcess.run(
      [try RegistryServer.berthExecutable(), "tag", "history", "a", "one"],
      environment: ["REGISTRY_CONFIGURATION_PATH": folder / "config.yml"])
    #expect(named.status == 0 && named.output == output)
    #expect(try berth("tag", "history", arguments: ["a", "two"]).status == 1)
    #expect(try berth("tag", "history", arguments: ["a", "-x"]).status == 64)
  }

  @Test func `untagged lists and deletes what nothing leads to`() async throws {
    let old = try await push("a", "one")
    let current = try await push("a", "one", seed: "b")
    let signature = try await push("a", seed: "c", subject: current)
    let lost = try await push("a", seed: "d", subject: old)
    // What was pushed a moment ago is never old.
    try await Task.sleep(for: .milliseconds(400))
    let list = try berth("repository", "untagged", arguments: ["a"])
    #expect(list.status == 0 && list.errors.isEmpty)
    let lines = Set(list.output.split(separator: "\n"))
    #expect(lines.count == 2)
    #expect(
      lines.contains { $0.hasPrefix("\(old)  application/vnd.oci.image.manifest.v1+json  ") && $0.hasSuffix("s") })
    #expect(lines.contains { $0.hasPrefix("\(lost)  ") && $0.hasSuffix("s  subject \(old)") })
    #expect(try berth("repository", "untagged", arguments: ["a", "--older-than", "1h"]).output.isEmpty)
    #expect(try berth("repository", "untagged", arguments: ["a", "--delete"]).output.isEmpty)
    for digest in [old, current, signature, lost] {
      #expect(try await client.send(.get, "/v2/a/manifests/\(digest)").status == 200)
    }
    let deleted = try berth("repository", "untagged", arguments: ["a", "--delete", "--older-than", "0s"])
    #expect(deleted.status == 0 && deleted.errors.isEmpty)
    #expect(deleted.output.split(separator: "\n").count == 2)
    for (digest, status) in [(old, 404), (current, 200), (signature, 200), (lost, 404)] {
      #expect(try await client.send(.get, "/v2/a/manifests/\(digest)").status == status)
    }
    #expect(try berth("repository", "untagged", arguments: ["a"]).output.isEmpty)
    #expect(try berth("repository", "untagged", arguments: ["b"]).status == 1)
    #expect(try berth("repository", "untagged", arguments: ["a", "--older-than", "1"]).status == 64)
  }

  @Test func `untagged deletes nothing while garbage is collected`() async throws {
    try await push("a", "one")
    let turn = try await MaintenanceTurn.perform(GarbageCollector.task, driver) { () async throws(StorageError) in
      (
        Result { try [["--delete"], []].map { try berth("repository", "untagged", arguments: ["a"] + $0).status } },
        true
      )
    }
    guard case .done(let statuses) = turn else {
      Issue.record("no turn")
      return
    }
    #expect(try statuses.get() == [75, 0])
    #expect(try berth("repository", "untagged", arguments: ["a", "--delete"]).status == 0)
  }

  @Test func `verify of a repository that is not there says so, and leaves nothing`() async throws {
    try await push("a/b", "one")
    for name in ["typo", "a"] {
      let (status, output, errors) = try berth("verify", arguments: ["--repository", name])
      #expect(status == 1 && output.isEmpty)
      #expect(errors.contains("repository \(name)") && errors.contains("none of this name"), "\(errors)")
    }
    let tree = FileManager.default.enumerator(atPath: folder / "registry")?.allObjects as? [String]
    #expect(try #require(tree).allSatisfy { !$0.contains("_maintenance/\(Verifier.task)") }, "\(tree ?? [])")
  }

  @Test func `verify of a repository does not look at those below it`() async throws {
    try await push("a", "one")
    try await push("a/b", "one")
    let (status, output, _) = try berth("verify", arguments: ["--repository", "a"])
    #expect(status == 0 && output.contains("1 repositories"), "\(output)")
  }

  @Test func `a configuration that names no storage to work on is refused`() throws {
    for (text, message) in [
      ("version: 0.1\nstorage: inmemory\n", "storage.inmemory: "), ("version: 0.1\n", "storage"),
    ] {
      try text.write(toFile: folder / "other.yml", atomically: true, encoding: .utf8)
      let (status, output, errors) = try berth("repository", "list", configuration: folder / "other.yml")
      #expect(status == 78)
      #expect(output.isEmpty && errors.contains(message))
    }
  }

  private func upload(_ name: String, _ size: Int) async throws {
    let begun = try await client.send(.post, "/v2/\(name)/blobs/uploads/")
    let location = try #require(begun.fields[.location])
    #expect(try await client.send(.patch, location, body: TestContent.bytes(size)).status == 202)
  }

  @Test func `uploads are listed, and purged by age and repository`() async throws {
    try await upload("team/app", 3000)
    try await upload("team/app", 5)
    try await upload("team/base", 70)
    let all = try berth("uploads", "list")
    #expect(all.status == 0)
    #expect(all.output.split(separator: "\n").count == 3)
    #expect(all.output.contains("2.9 KiB (3000 bytes)"), "\(all.output)")
    #expect(all.errors == "3 uploads, 3.0 KiB (3075 bytes)\n")
    let json = try berth("uploads", "list", arguments: ["--repository", "team/base", "--json"])
    #expect(json.output.hasPrefix(#"{"repository":"team/base","id":""#) && json.output.hasSuffix("\"size\":70}\n"))
    #expect(try berth("uploads", "list", arguments: ["--repository", "no/such"]).status == 1)

    let young = try berth("uploads", "purge", arguments: ["--older-than", "1h"])
    #expect(young.status == 0)
    #expect(young.output == "removed 0 of 3 uploads, 0 bytes\n")
    let dry = try berth("uploads", "purge", arguments: ["--older-than", "0s", "--dry-run"])
    #expect(dry.output.hasSuffix("would remove 3 of 3 uploads, 3.0 KiB (3075 bytes)\n"), "\(dry.output)")
    #expect(try berth("uploads", "list").output == all.output)
    let one = try berth("uploads", "purge", arguments: ["--repository", "team/app", "--older-than", "0s"])
    #expect(one.output.hasSuffix("removed 2 of 2 uploads, 2.9 KiB (3005 bytes)\n"), "\(one.output)")
    #expect(try berth("uploads", "list").errors == "1 upload, 70 bytes\n")
    #expect(try berth("uploads", "purge", arguments: ["--repository", "no/such"]).status == 1)
  }

  @Test func `an upload that is being written to is not purged`() async throws {
    let name = try #require(RepositoryName("team/app"))
    let id = UploadID()
    try await driver.put(
      Array("2020-01-01T00:00:00Z".utf8), at: StorageLayout.uploadStartedAt(name, id), durability: .process)
    let writer = try await driver.writer(at: StorageLayout.uploadData(name, id), appending: true)
    let outcome = try berth("uploads", "purge", arguments: ["--older-than", "0s"])
    #expect(outcome.output == "removed 0 of 1 uploads, 0 bytes\n")
    try await writer.close()
    #expect(try berth("uploads", "purge", arguments: ["--older-than", "0s"]).output.contains("removed 1 of 1"))
  }
}
