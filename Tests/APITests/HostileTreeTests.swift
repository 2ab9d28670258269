import Drivers
import Foundation
import HTTPTypes
import Logging
import TestSupport
import Testing

@testable import Core

/// Things in a storage directory that no registry puts there: each concerns itself alone, and whatever walks over all
/// of it ends.
@Suite(.ownThread) struct HostileTreeTests {
  /// One of them.
  enum Oddity: CaseIterable, Sendable {
    case deepRepositories, deepUpload, loop, linkOut, linkedTag, fifoLink, fifoTag, fifoContent, linkedContent, socket
    case fileForDirectory, directoryForFile

    /// Whether a collection may not know what it refers to.
    var hidesReferences: Bool { [.deepRepositories, .loop, .linkOut].contains(self) }

    func make(_ store: DamagedStore, _ root: String, outside: String) throws {
      let repositories = root + StorageLayout.repositories.string
      let tags = root + StorageLayout.tags(store.name).string
      let content = root + StorageLayout.blobData(store.second.layerDigest).string
      let upload = root + StorageLayout.upload(store.name, UploadID()).string
      let files = FileManager.default
      switch self {
      case .deepRepositories:
        try files.createDirectory(atPath: repositories + "/deep", withIntermediateDirectories: false)
        try Self.makeDeep(2500, in: repositories + "/deep")
      case .deepUpload:
        try files.createDirectory(atPath: upload, withIntermediateDirectories: true)
        try Self.makeDeep(2500, in: upload)
      case .loop: try files.createSymbolicLink(atPath: repositories + "/l", withDestinationPath: ".")
      case .linkOut: try files.createSymbolicLink(atPath: repositories + "/out", withDestinationPath: outside)
      case .linkedTag: try files.createSymbolicLink(atPath: tags + "/linked", withDestinationPath: "one")
      case .fifoLink: try Self.fifo(at: root + StorageLayout.layerLink(store.name, store.second.layerDigest).string)
      case .fifoTag: try Self.fifo(at: root + StorageLayout.tagCurrentLink(store.name, store.tag("moved")).string)
      case .fifoContent: try Self.fifo(at: content)
      case .linkedContent:
        try store.second.layer.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: outside + "/layer"))
        try files.removeItem(atPath: content)
        try files.createSymbolicLink(atPath: content, withDestinationPath: outside + "/layer")
      case .socket:
        try #require(mknod(tags + "/s", S_IFSOCK | 0o666, 0) == 0)
      case .fileForDirectory: try Data().write(to: URL(fileURLWithPath: repositories + "/file"))
      case .directoryForFile:
        try files.createDirectory(atPath: tags + "/dir/current/link", withIntermediateDirectories: true)
      }
    }

    private static func fifo(at path: String) throws {
      try FileManager.default.removeItem(atPath: path)
      try #require(mkfifo(path, 0o666) == 0)
    }

    private static func makeDeep(_ depth: Int, in top: String) throws {
      var directory = open(top, O_RDONLY | O_DIRECTORY)
      for _ in 0..<depth {
        try #require(mkdirat(directory, "d", 0o777) == 0)
        let next = openat(directory, "d", O_RDONLY | O_DIRECTORY)
        close(directory)
        directory = next
      }
      close(directory)
    }
  }

  @Test(arguments: Oddity.allCases)
  func `an odd thing hides nothing else, and whatever walks over it ends`(oddity: Oddity) async throws {
    let outside = try TemporaryFolder()
    try await Deployment.filesystem.withSite { site in
      let root = try #require(site.rootDirectory)
      let store = try await DamagedStore(site)
      try oddity.make(store, root, outside: outside.path)
      let catalog = try await site.client.send(.get, "/v2/_catalog")
      #expect(catalog.status == 200)
      #expect(catalog.text.contains(#""library/app""#) && !catalog.text.contains(#""l/"#), "\(catalog.text)")
      let tags = try await site.client.send(.get, "/v2/\(store.name)/tags/list")
      #expect(tags.status == 200)
      #expect(tags.text.contains(#""one""#) && !tags.text.contains("linked"), "\(tags.text)")
      // What the oddity has taken the place of counts as absent.
      let image = try await site.client.send(.get, "/v2/\(store.name)/manifests/moved")
      #expect(image.status == (oddity == .fifoTag ? 404 : 200))
      let layer = try await site.client.send(.get, "/v2/\(store.name)/blobs/\(store.second.layerDigest)")
      #expect(layer.status == ([.fifoLink, .fifoContent, .linkedContent].contains(oddity) ? 404 : 200))

      var options = GarbageCollector.Options()
      options.grace = .zero
      let report = try await GarbageCollector(site.driver, options).run()
      let isTold = oddity.hidesReferences || oddity == .fifoTag || oddity == .linkedTag
      #expect((report.problemCount > 0) == isTold, "\(report.text)")
      #expect(report.blobs.removed == 0)

      let purger = UploadPurger(
        driver: site.driver, age: .zero, dryRun: false, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
      let purged = try await purger.run(now: WallClock.now + 1_000_000_000)
      #expect(purged.purged == (oddity == .deepUpload ? 1 : 0))
      #expect(purged.failed == (oddity.hidesReferences && oddity != .deepRepositories ? 1 : 0))

      _ = try await store.verify(repair: true)
      // A push heals what it can, and all else was never touched.
      try await store.push()
      try await store.pull()
      #expect(FileManager.default.fileExists(atPath: outside / "layer") == (oddity == .linkedContent))
      if oddity == .deepRepositories {
        let deep = try #require(StoragePath("\(StorageLayout.repositories)/deep"))
        try await site.driver.delete(deep, durability: .process)
      }
      #expect(try await RepositoryRemoval(of: Registry(driver: site.driver).repository(store.name)).run() != nil)
      #expect(try await site.client.send(.get, "/v2/_catalog").status == 200)
    }
  }

  @Test func `what may not be read hides nothing else`() async throws {
    try await Deployment.filesystem.withSite { site in
      let store = try await DamagedStore(site)
      try await site.driver.put([1], at: StorageLayout.repositories / "closed" / "_layers" / "x", durability: .process)
      let denied = [
        "\(StorageLayout.repositories)/closed", StorageLayout.tagCurrentLink(store.name, store.tag("moved")).string,
      ]
      let driver = HookedDriver(site.driver) { call throws(StorageError) in
        if ["list", "content"].contains(call.name), denied.contains(call.path.string) {
          throw StorageError(.denied, "read \(call.path)")
        }
      }
      let client = InProcessClient(RequestPipeline.handler(DeploymentOptions().context(over: driver)))
      let catalog = try await client.send(.get, "/v2/_catalog")
      #expect(catalog.status == 200)
      #expect(catalog.text.contains(#"["library/app"]"#), "\(catalog.text)")
      let tags = try await client.send(.get, "/v2/\(store.name)/tags/list")
      #expect(tags.status == 200)
      #expect(tags.text.contains(#"["one"]"#), "\(tags.text)")
    }
  }
}
