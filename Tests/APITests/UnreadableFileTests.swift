import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// Single files that can't be read, for ever: lists go without them, everything else is answered, and a repair or the
/// next push writes them again. A storage that fails as a whole fails the list.
@Suite(.ownThread) struct UnreadableFileTests {
  /// How reading fails.
  enum Fault: CaseIterable {
    case badSector, permissions

    fileprivate var code: StorageError.Code { self == .badSector ? .failed : .denied }
  }

  /// Makes files fail until they are written again.
  private final class Trouble: Sendable {
    private let paths = Mutex<[StoragePath: StorageError.Code]>([:])
    private let everything = Mutex<StorageError.Code?>(nil)
    private let writing = Mutex<StorageError.Code?>(nil)
    private let probes = Mutex(0)

    /// How often it was tried whether the storage takes something, since this was asked last.
    func takeProbes() -> Int {
      probes.withLock { probes in
        defer { probes = 0 }
        return probes
      }
    }

    func strikeWriting(_ code: StorageError.Code) { writing.withLock { $0 = code } }

    func strike(_ path: StoragePath, _ code: StorageError.Code) { paths.withLock { $0[path] = code } }
    func strikeAll(_ code: StorageError.Code?) { everything.withLock { $0 = code } }

    func meet(_ call: HookedDriver.Call) throws(StorageError) {
      if call.name == "put" {
        if call.path.lastComponent == "readability.probe" { probes.withLock { $0 += 1 } }
        if let code = writing.withLock({ $0 }) { throw StorageError(code, "put \(call.path)") }
      }
      if let code = everything.withLock({ $0 }), call.name != "list" { throw StorageError(code, "use \(call.path)") }
      if ["put", "delete"].contains(call.name) {
        return paths.withLock { paths in paths = paths.filter { !($0.key == call.path || $0.key.isBelow(call.path)) } }
      }
      guard ["content", "reader"].contains(call.name), let code = paths.withLock({ $0[call.path] }) else { return }
      throw StorageError(code, "read \(call.path)")
    }
  }

  private let trouble = Trouble()
  private let driver: HookedDriver
  private let repo: Repo

  init() {
    driver = HookedDriver(InMemoryDriver()) { [trouble] call throws(StorageError) in try trouble.meet(call) }
    repo = Repo(Deployment.Site(over: driver))
  }

  private var name: RepositoryName { get throws { try #require(RepositoryName(repo.name)) } }

  private func tag(_ name: String) throws -> Core.Tag {
    let tag = Core.Tag(name)
    return try #require(tag)
  }

  private func referrers(of subject: Digest) async throws -> TestResponse {
    try await repo.site.client.send(.get, "/v2/\(repo.name)/referrers/\(subject)")
  }

  private func subject(_ digest: Digest) -> String {
    #","subject":{"mediaType":"\#(MediaType.ociManifest.rawValue)","digest":"\#(digest)","size":5}"#
  }

  private func repair() async throws -> [Finding] {
    var options = Verifier.Options()
    options.repair = true
    options.settling = (age: .zero, pause: .zero)
    let log = VerificationLog()
    _ = try await Verifier(driver: driver, options: options).run { log.note($0) }
    return log.findings
  }

  @Test(arguments: Fault.allCases)
  func `a list of referrers goes without what can't be read`(fault: Fault) async throws {
    let name = try name
    let image = try await repo.push("image")
    var signatures: [Digest] = []
    for seed in ["b", "c", "d"] {
      signatures.append(try await repo.push("signature-\(seed)", seed: seed, more: subject(image)))
    }
    // The entry says what the manifest says, so the manifest will do.
    trouble.strike(StorageLayout.referrer(name, subject: image, signatures[0]), fault.code)
    let all = try await referrers(of: image)
    #expect(all.status == 200 && signatures.allSatisfy { all.text.contains("\($0)") }, "\(all.text)")
    trouble.strike(StorageLayout.revisionLink(name, signatures[1]), fault.code)
    let rest = try await referrers(of: image)
    #expect(rest.status == 200)
    #expect(signatures.map { rest.text.contains("\($0)") } == [true, false, true])
    let findings = try await repair()
    #expect(findings.allSatisfy { $0.state == .repaired }, "\(findings)")
    #expect(findings.count == 2)
    let mended = try await referrers(of: image)
    #expect(signatures.allSatisfy { mended.text.contains("\($0)") })
    #expect(try await repair() == [])
  }

  @Test(arguments: Fault.allCases)
  func `the only referrer that can't be read leaves an empty list`(fault: Fault) async throws {
    let image = try await repo.push("image")
    let signature = try await repo.push("signature", seed: "b", more: subject(image))
    trouble.strike(StorageLayout.revisionLink(try name, signature), fault.code)
    let list = try await referrers(of: image)
    #expect(list.status == 200 && !list.text.contains("\(signature)"))
  }

  @Test(arguments: Fault.allCases)
  func `tags, histories and the catalog go without what can't be read, and deletions go on`(fault: Fault) async throws {
    let name = try name
    let digest = try await repo.push("one")
    let second = try await repo.push("two", seed: "b")
    try await repo.push("one", seed: "b")
    trouble.strike(StorageLayout.tagCurrentLink(name, try tag("two")), fault.code)
    trouble.strike(StorageLayout.revisionLink(name, digest), fault.code)
    let tags = try await repo.tags()
    #expect(tags.status == 200 && tags.text.contains(#"["one"]"#))
    let history = try await repo.site.client.send(.get, "/v2/\(repo.name)/_berth/tags/one/history")
    #expect(history.status == 200 && history.text.contains("\(digest)") && history.text.contains("\(second)"))
    let catalog = try await repo.site.client.send(.get, "/v2/_catalog")
    #expect(catalog.status == 200 && catalog.text.contains(repo.name))
    // Its own link can't be read, nor that of a tag: neither stands in the way.
    #expect(try await repo.delete("\(digest)").status == 202)
    #expect(try await repo.delete("\(digest)").status == 404)
    #expect(try await repo.delete("two").status == 202)
    #expect(try await repo.delete("\(second)").status == 202)
    #expect(try await repo.get("one").status == 404)
  }

  @Test(arguments: Fault.allCases)
  func `a push writes again what can't be read`(fault: Fault) async throws {
    let name = try name
    let image = try await repo.image()
    try await repo.put(image, at: "one")
    let digest = Repo.digest(Array(image.utf8))
    for path in [
      StorageLayout.tagCurrentLink(name, try tag("one")), StorageLayout.tagIndexLink(name, try tag("one"), digest),
      StorageLayout.revisionLink(name, digest),
    ] {
      trouble.strike(path, fault.code)
      #expect(try await repo.put(image, at: "one").status == 201, "\(path)")
      #expect(try await repo.get("one").text == image)
    }
  }

  @Test(arguments: Fault.allCases)
  func `a repair writes links and tags again`(fault: Fault) async throws {
    let name = try name
    let image = try await repo.image()
    try await repo.put(image, at: "one")
    let digest = Repo.digest(Array(image.utf8))
    let layer = Repo.digest(Array("layer a".utf8))
    for path in [
      StorageLayout.layerLink(name, layer), StorageLayout.revisionLink(name, digest),
      StorageLayout.tagCurrentLink(name, try tag("one")), StorageLayout.tagIndexLink(name, try tag("one"), digest),
    ] {
      trouble.strike(path, fault.code)
      let findings = try await repair()
      #expect(findings.map(\.path) == [path] && findings.map(\.state) == [.repaired], "\(findings)")
      #expect(try await repair() == [])
      #expect(try await repo.get("one").text == image)
      #expect(try await repo.site.client.send(.get, "/v2/\(repo.name)/blobs/\(layer)").text == "layer a")
    }
  }

  @Test(arguments: [StorageError.Code.failed, .denied, .unavailable])
  func `a storage that fails as a whole makes no list look complete`(code: StorageError.Code) async throws {
    let image = try await repo.push("image")
    try await repo.push("signature", seed: "b", more: subject(image))
    trouble.strikeAll(code)
    #expect(try await referrers(of: image).status == 503)
    #expect(try await repo.tags().status == 503)
    #expect(try await repo.site.client.send(.get, "/v2/\(repo.name)/_berth/tags/image/history").status == 503)
    #expect(try await repo.delete("\(image)").status == 503)
    trouble.strikeAll(nil)
    #expect(try await referrers(of: image).status == 200)
    #expect(try await repo.tags().text.contains("signature"))
    #expect(try await repo.get("image").status == 200)
  }

  @Test(arguments: [StorageError.Code.failed, .denied])
  func `no catalog looks complete where no manifest can be looked at`(code: StorageError.Code) async throws {
    let digest = try await repo.push("image")
    let name = try name
    // A repository whose blobs are gone is in the catalog for its manifests alone.
    try await driver.delete(StorageLayout.layers(name), durability: .process)
    trouble.strikeAll(code)
    #expect(try await repo.site.client.send(.get, "/v2/_catalog").status == 503)
    trouble.strikeAll(nil)
    #expect(try await repo.site.client.send(.get, "/v2/_catalog").text.contains(repo.name))
    #expect(try await repo.get("\(digest)").status == 200)
  }

  @Test(arguments: [StorageError.Code.denied, .full], [true, false])
  func `lists are answered where nothing can be written`(code: StorageError.Code, wasProbed: Bool) async throws {
    let name = try name
    for tag in ["one", "two"] { try await repo.push(tag, seed: tag) }
    if wasProbed {
      try await driver.put(Array("works\n".utf8), at: StorageLayout.readabilityProbe, durability: .process)
    }
    trouble.strike(StorageLayout.tagCurrentLink(name, try tag("two")), .failed)
    trouble.strikeWriting(code)
    let tags = try await repo.tags()
    #expect(tags.status == 200 && tags.text.contains(#"["one"]"#), "\(tags.text)")
  }

  @Test func `what may not be written to is only read`() async throws {
    let name = try name
    for tag in ["one", "two"] { try await repo.push(tag, seed: tag) }
    trouble.strike(StorageLayout.tagCurrentLink(name, try tag("two")), .failed)
    _ = trouble.takeProbes()
    let registry = Registry(driver: driver, isReadOnly: true)
    let targets = try await registry.repository(name).tags.targets(of: [tag("one"), tag("two")])
    #expect(targets[0] != nil && targets[1] == nil)
    #expect(trouble.takeProbes() == 0)
  }

  @Test func `a storage that does not work is tried once in a second`() async throws {
    let files = UnreadableFiles(driver, nil, isReadOnly: false)
    trouble.strikeWriting(.unavailable)
    let path = try StorageLayout.layers(name)
    let begin = ContinuousClock.now
    for _ in 0..<100 {
      await #expect(throws: StorageError.self) { try await files.leaveOut(path, StorageError(.failed, "read")) }
    }
    let seconds = Int((ContinuousClock.now - begin).components.seconds)
    #expect((1...seconds + 1).contains(trouble.takeProbes()))
  }
}
