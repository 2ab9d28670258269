import Foundation
import HTTPTypes
import TestSupport
import Testing

/// A process is killed before each of its system calls in turn, in everything that clients can have it do, and in
/// garbage collection.
@Suite(.ownThread) struct KillAtEveryCallTests {
  /// Where the stores lie. With `BERTH_TEST_CRASH_EVERYWHERE=1` also on a file system in memory, which takes more calls
  /// than one with a journal.
  static let places =
    [NSTemporaryDirectory()]
    + (ProcessInfo.processInfo.environment["BERTH_TEST_CRASH_EVERYWHERE"] == nil ? [] : ["/dev/shm"])

  private static let scripts = Specimen.scripts + Specimen.collections

  @Test(arguments: scripts.map(\.name), places)
  func `what was acknowledged is there, and the rest is whole or out of sight`(name: String, place: String) async throws
  {
    let script = try #require(Self.scripts.first { $0.name == name })
    let folder = try TemporaryFolder(in: place)
    let trial = Trial(script, folder)
    try await trial.prepare()
    let rehearsal = try await Rehearsal(script, at: trial.copy("rehearsal"))
    let unharmed = try SubjectRun(root: trial.copy("unharmed"), script: trial.scriptPath, in: folder.path)
    #expect(unharmed.isUnharmed)
    #expect(unharmed.outcomes.map(\.status) == rehearsal.outcomes.map(\.status))
    #expect(unharmed.calls.count > script.steps.count)
    var kills = 0
    for call in unharmed.calls {
      do {
        kills += try await trial.kill(at: call, rehearsal) ? 1 : 0
      } catch {
        Issue.record("\(script.name), killed before \(call): \(error)")
      }
    }
    print("\(script.name): \(kills) kills, one at each call")
  }

  /// One script in one folder.
  private struct Trial {
    let script: Script
    let folder: TemporaryFolder
    var scriptPath: String { folder / "script" }

    init(_ script: Script, _ folder: TemporaryFolder) {
      (self.script, self.folder) = (script, folder)
    }

    func prepare() async throws {
      try script.write(to: scriptPath)
      try await Specimen.prepare(folder / "specimen")
    }

    /// A copy of the specimen, an hour old.
    func copy(_ name: String) throws -> String {
      _ = try? FileManager.default.removeItem(atPath: folder / name)
      try FileManager.default.copyItem(atPath: folder / "specimen", toPath: folder / name)
      try Store.age(folder / name)
      return folder / name
    }

    /// - Returns: false where the call wasn't made: what was written a moment ago needs no new time.
    func kill(at call: SubjectRun.Call, _ rehearsal: Rehearsal) async throws -> Bool {
      let root = try copy("killed")
      let run = try SubjectRun(root: root, script: scriptPath, in: folder.path, killedAt: call)
      if run.isUnharmed, call.name == "utimensat" { return false }
      guard !run.isUnharmed else { throw Failure("it was not killed") }
      let count = run.outcomes.count
      try rehearsal.check(try await Store(root).picture(), after: count)
      try await Store(root).expectWhole()
      try await goOn(Store(root), run.outcomes)
      try await expectDone(Store(root), rehearsal)
      // Once more from the start, as a client does that knows nothing of what was.
      try await repeatAll(Store(root), rehearsal)
      let store = try Store(root)
      try await store.cleanUp()
      try expectSameTree(store.tree(), rehearsal.tree)
      return true
    }

    /// What a client does that goes on where it was: the request that wasn't answered again, and then the rest.
    private func goOn(_ store: Store, _ outcomes: [Outcome]) async throws {
      let location = outcomes.last { $0.status == 202 && !$0.location.isEmpty }?.location
      var performer = Performer(store.client, location: location)
      for (index, step) in script.steps.enumerated().dropFirst(outcomes.count) {
        var outcome = try await performer.perform(step)
        if outcome.status == 416, index == outcomes.count, let location {
          // The bytes were taken, and the answer was lost.
          guard try await store.progress(location) == Specimen.end(of: step) else { throw Failure("bytes are missing") }
          if step.method == .patch { continue }
          performer = Performer(store.client, location: location)
          outcome = try await performer.perform(TestRequest(.put, step.target, fields: step.fields))
        }
        switch (step.method, outcome.status) {
        case (.delete, 202), (.delete, 204), (.delete, 404), (.post, 201), (.post, 202), (.patch, 202), (.put, 201),
          (Specimen.collect, 200):
          continue
        default: throw Failure("\(step.method) \(step.target), asked for again, is \(outcome.status)")
        }
      }
    }

    private func repeatAll(_ store: Store, _ rehearsal: Rehearsal) async throws {
      var performer = Performer(store.client)
      for (step, expected) in zip(script.steps, rehearsal.outcomes) {
        let outcome = try await performer.perform(step)
        guard outcome.status == expected.status || (step.method == .delete && outcome.status == 404) else {
          throw Failure("\(step.method) \(step.target), done anew, is \(outcome.status)")
        }
      }
    }

    private func expectDone(_ store: Store, _ rehearsal: Rehearsal) async throws {
      try await store.expectWhole()
      try rehearsal.check(try await store.picture(), after: script.steps.count)
    }

    private func expectSameTree(_ tree: [String: String], _ expected: [String: String]) throws {
      let left = tree.filter { expected[$0.key] != $0.value }.keys.sorted()
      let missing = expected.filter { tree[$0.key] == nil }.keys.sorted()
      guard left.isEmpty, missing.isEmpty else { throw Failure("left: \(left), missing: \(missing)") }
    }
  }
}
