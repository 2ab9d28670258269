import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Storage directories that docker/distribution wrote, from 2015 to now.
@Suite(.ownThread) struct ArchiveTests {
  static let fallbackTag = "sha256-889be9e935ddb1fb42cf8e71b35a06f9d67f18cd79b543b9cb9c4b36ad55080e"
  static let subject = "sha256:889be9e935ddb1fb42cf8e71b35a06f9d67f18cd79b543b9cb9c4b36ad55080e"
  static let referrer = "sha256:d7d4c9021adb9d3363cd54b4026c3c16c03e2615750fdfc2d626aea5853ad3ad"

  /// Byte i of the content whose upload was left unfinished.
  static func pattern(_ range: Range<Int>) -> [UInt8] {
    range.map { UInt8(truncatingIfNeeded: 7 * $0 + $0 / 256) }
  }

  @Test("every tag, manifest, layer and list of later versions is served", arguments: ["2.8.2", "3.1"])
  func later(version: String) async throws {
    let fixture = try Fixture(version: version)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: fixture.rootDirectory)
    let census = try await RegistrySnapshot(of: WireClient(port: server.port))
    #expect(
      census.tags.mapValues { $0.keys.sorted() } == [
        "team/alpha": ["moved", "oci", "schema2", Self.fallbackTag].sorted(),
        "team/beta": ["oci"],
        "team/multi": ["index", "list"],
      ])
    #expect(census.tags["team/alpha"]?["oci"] == Self.subject)
    // Three images and the fallback index with its referrer; one image; two lists of two images each.
    #expect(census.manifests.count == 5 + 1 + 6)

    let peer = try DockerRegistry(rootDirectory: fixture.rootDirectory)
    #expect(try await RegistrySnapshot(of: WireClient(port: peer.port)) == census)
  }

  @Test("an unfinished upload is taken up where it stands", arguments: ["2.8.2", "3.1"])
  func unfinishedUpload(version: String) async throws {
    let fixture = try Fixture(version: version)
    let uploads = fixture.rootDirectory + "/docker/registry/v2/repositories/team/alpha/_uploads"
    let id = try #require(try FileManager.default.contentsOfDirectory(atPath: uploads).first)
    let started = try String(contentsOfFile: "\(uploads)/\(id)/startedat", encoding: .utf8)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: fixture.rootDirectory)
    let client = WireClient(port: server.port)

    let state = UploadState.signed(
      #"{"Name":"team/alpha","UUID":"\#(id)","Offset":100003,"StartedAt":"\#(started)"}"#,
      secret: DeploymentOptions.secret)
    let progress = try await client.send(.get, "/v2/team/alpha/blobs/uploads/\(id)?_state=\(state)")
    #expect(progress.status == 204, "\(progress.text)")
    #expect(progress.fields[.range] == "0-100002")
    let location = try #require(progress.fields[.location])

    let whole = Self.pattern(0..<150_001)
    let finished = try await client.send(
      .put, location + (location.contains("?") ? "&" : "?") + "digest=" + sha256(whole),
      [.contentType: "application/octet-stream", .contentRange: "100003-150000"], body: Array(whole[100_003...]))
    #expect(finished.status == 201, "\(finished.text)")
    let blob = try await client.send(.get, "/v2/team/alpha/blobs/\(sha256(whole))")
    #expect(blob.status == 200)
    #expect(blob.body == whole)
    #expect(try FileManager.default.contentsOfDirectory(atPath: uploads).isEmpty)
  }

  @Test("a referrer that is known by the fallback tag alone is found", arguments: ["2.8.2", "3.1"])
  func referrers(version: String) async throws {
    let fixture = try Fixture(version: version)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: fixture.rootDirectory)
    let answer = try await WireClient(port: server.port).send(.get, "/v2/team/alpha/referrers/\(Self.subject)")
    #expect(answer.status == 200)
    #expect(answer.text.contains(Self.referrer), "\(answer.text)")
  }

  @Test("what was deleted stays away", arguments: ["2.8.2", "3.1"])
  func deleted(version: String) async throws {
    let fixture = try Fixture(version: version)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: fixture.rootDirectory)
    let client = WireClient(port: server.port)
    for target in [
      "manifests/sha256:a6a421577c664757cbad1607eba7042f601c08571a9447c4790fc521474dbc05", "manifests/schema2",
      "blobs/sha256:6afa632296b45890d2117de68941e92aa3b38965a3f12e530cf53d29d43fb44f",
    ] {
      let answer = try await client.send(.get, "/v2/team/beta/\(target)", [.accept: RegistrySnapshot.acceptedTypes])
      #expect(answer.status == 404, "\(target)")
    }
  }

  @Test("schema 1 of 2015 is listed, answered with a clear error, and kept", arguments: ["2.0.1", "2.1.0", "2.1.1"])
  func schema1(version: String) async throws {
    let fixture = try Fixture(version: version)
    let server = try RegistryServer(options: DeploymentOptions(), rootDirectory: fixture.rootDirectory)
    let client = WireClient(port: server.port)
    #expect(try RegistrySnapshot.list(client, "/v2/_catalog", "repositories") == ["team/alpha", "team/beta"])
    for repository in ["team/alpha", "team/beta"] {
      #expect(try RegistrySnapshot.list(client, "/v2/\(repository)/tags/list", "tags") == ["1.0", "latest"])
      for tag in ["1.0", "latest"] {
        let folder = fixture.rootDirectory + "/docker/registry/v2/repositories/\(repository)/_manifests/tags/\(tag)"
        let revision = try String(contentsOfFile: folder + "/current/link", encoding: .utf8)
        for reference in [tag, revision] {
          let answer = try await client.send(
            .get, "/v2/\(repository)/manifests/\(reference)", [.accept: RegistrySnapshot.acceptedTypes])
          #expect((400..<500).contains(answer.status))
          #expect(answer.text.contains("schema"), "\(answer.text)")
          // A manifest that is stored but not served must not read as one that never was: tools would push over it.
          #expect(!answer.text.contains("unknown to registry"), "\(answer.text)")
        }
      }
      let layers = fixture.rootDirectory + "/docker/registry/v2/repositories/\(repository)/_layers/sha256"
      for layer in try FileManager.default.contentsOfDirectory(atPath: layers) {
        let answer = try await client.send(.get, "/v2/\(repository)/blobs/sha256:\(layer)")
        #expect(answer.status == 200)
        #expect(sha256(answer.body) == "sha256:\(layer)")
      }
    }
  }
}
