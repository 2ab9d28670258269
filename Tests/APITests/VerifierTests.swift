import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// A storage that is damaged on purpose: what is found, what is repaired, and that the next push heals the rest.
@Suite(.ownThread) struct VerifierTests {
  private func withStore(_ body: (DamagedStore) async throws -> Void) async throws {
    try await Deployment.filesystem.withSite { try await body(DamagedStore($0)) }
  }

  private func kinds(_ findings: [Finding]) -> Set<Finding.Kind> { Set(findings.map(\.kind)) }

  @Test(arguments: Damage.all)
  func `damage is found, repaired as far as it can be, and healed by the next push`(damage: Damage) async throws {
    try await withStore { store in
      #expect(try await store.verify(repair: false).findings == [])
      try await damage.inflict(store)
      let found = try await store.verify(repair: false).findings
      #expect(kinds(found) == damage.found, "\(found)")
      #expect(found.allSatisfy { $0.state != .repaired })
      // Whoever finds something condemned moves it back, verification too.
      try await damage.inflict(store)
      let (repaired, tally) = try await store.verify(repair: true)
      #expect(repaired.allSatisfy { $0.state != .repairable })
      #expect(tally.repaired == Int64(repaired.count { $0.state == .repaired }))
      #expect(tally.repaired > 0 || damage.found == damage.left)
      let second = try await store.verify(repair: true).findings
      #expect(kinds(second) == damage.left, "\(second)")
      #expect(second.allSatisfy { $0.state == .left })
      try await store.push()
      try await store.pull()
      let last = try await store.verify(repair: false).findings
      #expect(kinds(last) == damage.forPeople, "\(last)")
    }
  }

  @Test(arguments: [("8", true), ("0", true), ("-1", true), ("7", false), ("null", false)])
  func `a size that the content contradicts is reported, and left as it is`(size: String, isWrong: Bool) async throws {
    var options = DeploymentOptions()
    options.sizes = .lenient
    try await Deployment.filesystem.withSite(options) { site in
      let repo = Repo(site)
      let image = try await repo.image().replacing(#""size":7}]"#, with: #""size":\#(size)}]"#)
      #expect(try await repo.put(image, at: "latest").status == 201)
      for repair in [false, true] {
        var options = quick()
        options.repair = repair
        let log = VerificationLog()
        _ = try await Verifier(driver: site.driver, options: options).run { log.note($0) }
        #expect(log.findings.map(\.kind) == (isWrong ? [.referenceSize] : []))
        #expect(log.findings.allSatisfy { $0.state == .left })
      }
      #expect(try await repo.get("latest").text == image)
    }
  }

  @Test func `one repository is verified with its content, and with nothing else`() async throws {
    try await withStore { store in
      try await Damage.all[0].inflict(store)
      let other = TestContent.digest([1])
      try await store.write([2], StorageLayout.blobData(other))
      let (findings, tally) = try await store.verify(repair: false) { $0.repository = store.name }
      #expect(findings.map(\.kind) == [.contentCorrupt])
      #expect(tally.repositories == 1)
      await #expect(throws: StorageError.self) {
        try await store.verify(repair: false) { $0.repository = RepositoryName("library/other") }
      }
    }
  }

  @Test func `progress goes from 0 to 1, of what was counted before`() async throws {
    try await withStore { store in
      let told = Mutex<[VerificationProgress]>([])
      _ = try await Verifier(driver: store.site.driver, options: Verifier.Options()).run { event in
        if case .progress(let progress) = event { told.withLock { $0.append(progress) } }
      }
      let seen = told.withLock { $0 }
      for phase in [VerificationProgress.Phase.contents, .repositories] {
        let fractions = seen.filter { $0.phase == phase }.compactMap(\.fraction)
        #expect(fractions.first == 0 && fractions.last == 1 && fractions == fractions.sorted(), "\(fractions)")
      }
      let last = try #require(seen.last)
      #expect(last.phase == .repositories && last.total == last.tally.repositories)
      #expect(last.bytesRead == last.tally.bytes && last.bytesRead > 0)
    }
  }

  @Test func `content that was replaced while it was looked at is not quarantined`() async throws {
    try await withStore { store in
      let data = StorageLayout.blobData(store.first.layerDigest)
      try await store.write([1], data)
      let driver = store.site.driver
      let layer = store.first.layer
      let hooked = HookedDriver(driver) { call async throws(StorageError) in
        guard call.name == "move", call.path == data else { return }
        try await driver.put(layer, at: data, durability: .process)
      }
      var options = Verifier.Options()
      options.repair = true
      options.settling = (age: .zero, pause: .zero)
      _ = try await Verifier(driver: hooked, options: options).run { _ in }
      try await store.pull()
      await #expect(throws: StorageError.self) {
        _ = try await driver.stat(StorageLayout.quarantined(store.first.layerDigest))
      }
    }
  }

  @Test func `what is young is looked at twice before it is called wrong`() async throws {
    try await withStore { store in
      let link = StorageLayout.layerLink(store.name, store.first.layerDigest)
      try await store.write([], link)
      let driver = store.site.driver
      let whole = Array(store.first.layerDigest.description.utf8)
      // Whoever was writing the link has written it by the second look.
      let reads = Atomic<Int>(0)
      let hooked = HookedDriver(driver) { call async throws(StorageError) in
        guard call.name == "content", call.path == link else { return }
        if reads.add(1, ordering: .relaxed).oldValue == 1 {
          try await driver.put(whole, at: link, durability: .process)
        }
      }
      var options = Verifier.Options()
      options.settling = (age: .seconds(60), pause: .milliseconds(10))
      let log = VerificationLog()
      _ = try await Verifier(driver: hooked, options: options).run { log.note($0) }
      #expect(log.findings == [])
      #expect(reads.load(ordering: .relaxed) >= 2)
    }
  }

  @Test func `a run that is stopped is gone on with, and counts what it has found`() async throws {
    try await withStore { store in
      try await Damage.all[0].inflict(store)
      try await store.write([], store.one)
      let whole = try await store.verify(repair: false)
      var passed: [StoragePath] = []
      var resumed: [StoragePath] = []
      var findings: [Finding] = []
      var stops = 0
      while true {
        #expect(stops < 100)
        let options = quick()
        let driver = store.site.driver
        let log = VerificationLog()
        let run = Task {
          let tally = try? await Verifier(driver: driver, options: options).run { event in
            log.note(event)
            if case .passed = event { withUnsafeCurrentTask { $0?.cancel() } }
          }
          return tally ?? nil
        }
        let tally = await run.value
        passed += log.passed
        resumed += log.resumed
        findings += log.findings
        stops += 1
        guard let tally else { continue }
        #expect(tally == whole.tally)
        break
      }
      #expect(findings == whole.findings)
      #expect(Set(passed).count == passed.count, "nothing is read twice")
      #expect(passed.count == stops - 1)
      #expect(resumed == Array(passed.prefix(resumed.count)))
      #expect(try await store.site.driver.list(StorageLayout.maintenance) == ["verify.last"])
    }
  }

  @Test(arguments: [StorageError.Code.failed, .full, .unavailable])
  func `a run goes on where it can't be written down how far it has come`(code: StorageError.Code) async throws {
    try await withStore { store in
      try await store.write([], store.one)
      let whole = try await store.verify(repair: false)
      let hooked = HookedDriver(store.site.driver) { call async throws(StorageError) in
        if call.name == "put", call.path.lastComponent == "verify.checkpoint" { throw StorageError(code, "put") }
      }
      var options = quick()
      options.checkpointInterval = .zero
      let log = VerificationLog()
      let tally = try await Verifier(driver: hooked, options: options).run { log.note($0) }
      #expect(tally == whole.tally && log.findings == whole.findings)
      #expect(log.notKept == [code])
    }
  }

  private func quick() -> Verifier.Options {
    var options = Verifier.Options()
    options.settling = (age: .zero, pause: .zero)
    return options
  }

  @Test func `one run at a time verifies a storage, and what can't be read stops nothing`() async throws {
    try await withStore { store in
      let data = StorageLayout.blobData(store.first.layerDigest)
      let revisions = try #require(StorageLayout.manifests(store.name).appending("revisions"))
      let driver = store.site.driver
      let options = quick()
      let hooked = HookedDriver(driver) { call async throws(StorageError) in
        if call.name == "reader", call.path == data { throw StorageError(.failed, "read", cause: "Input/output error") }
        if call.name == "list", call.path == revisions { throw StorageError(.denied, "list") }
      }
      try await store.write([], store.one)
      let log = VerificationLog()
      let run = Verifier(driver: hooked, options: options)
      let tally = try await run.run { log.note($0) }
      #expect(log.findings.map(\.kind) == [.unreadable, .unreadable, .tagTorn], "\(log.findings)")
      #expect(tally?.left == 2)
      let turn = try await MaintenanceTurn.perform(Verifier.task, driver) { () async throws(StorageError) in
        (try await Verifier(driver: driver, options: options).run { _ in }, isComplete: true)
      }
      guard case .done(let second) = turn else {
        Issue.record("no turn")
        return
      }
      #expect(second == nil)
    }
  }

  @Test func `storage that can only be read is verified, and nothing is written`() async throws {
    try await withStore { store in
      try await store.write([], store.one)
      let hooked = HookedDriver(store.site.driver) { call async throws(StorageError) in
        switch call.name {
        case "content", "reader", "stat", "list": break
        default: throw StorageError(.denied, "\(call.name) \(call.path)", cause: "Read-only file system")
        }
      }
      let log = VerificationLog()
      let tally = try await Verifier(driver: hooked, options: quick()).run { log.note($0) }
      #expect(log.findings.map(\.kind) == [.tagTorn])
      #expect(log.isReadOnly)
      #expect(tally?.repairable == 1)
      var options = quick()
      options.repair = true
      await #expect(throws: StorageError.self) { try await Verifier(driver: hooked, options: options).run { _ in } }
    }
  }

  @Test func `reading keeps to a rate`() {
    let start = ContinuousClock.now
    var pace = VerificationPace(rate: 1000, now: start)
    #expect(pace.delay(after: 500, now: start) == .milliseconds(500))
    #expect(pace.delay(after: 500, now: start) == .seconds(1))
    // A pause is not made up for.
    #expect(pace.delay(after: 100, now: start + .seconds(60)) == .milliseconds(100))
    var free = VerificationPace(rate: nil, now: start)
    #expect(free.delay(after: .max, now: start) == .zero)
  }
}
