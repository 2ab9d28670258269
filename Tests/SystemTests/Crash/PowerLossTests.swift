import Foundation
import HTTPTypes
import TestSupport
import Testing

/// The power fails while a process does everything that clients can have it do, and
/// then collects garbage: what the kernel has not written to
/// the disk by then is lost.
@Suite(
  .ownThread, .serialized,
  .enabled(if: LoopMount.isPossible, "mounting file systems needs root and loop devices, which aren't here"))
struct PowerLossTests {
  @Test(arguments: LoopMount.Kind.allCases)
  func `what was acknowledged outlives a loss of power`(kind: LoopMount.Kind) async throws {
    let folder = try TemporaryFolder(in: LoopMount.memory)
    let collection = TestRequest(Specimen.collect, "untagged, later")
    let script = Script("everything", Specimen.scripts.flatMap(\.steps) + [collection])
    try script.write(to: folder / "script")
    try await Specimen.prepare(folder / "rehearsal")
    let rehearsal = try await Rehearsal(script, at: folder / "rehearsal")
    try LoopMount.make(kind, folder / "image")
    let mount = try LoopMount(kind, folder / "image", at: folder / "mount")
    let root = mount.path + "/registry"
    try await Specimen.prepare(root)
    sync()

    var cuts = 0
    var last: (sectors: Int, answers: Int)?
    try await StoppedRun(root: root, script: folder / "script", in: folder.path).forEachStop { outcomes in
      let now = (sectors: try mount.sectorsWritten, answers: outcomes.count)
      // The same disk, and nothing more to be found on it.
      if let last, last == now { return }
      last = now
      cuts += 1
      _ = try ChildProcess.output(["/bin/cp", "--sparse=always", folder / "image", folder / "cut"])
      do {
        let copy = try LoopMount(kind, folder / "cut", at: folder / "after")
        try await Self.check(Store(copy.path + "/registry"), outcomes, rehearsal)
      } catch {
        // What the check of the file system has made of it may be the reason.
        let check = (try? String(contentsOfFile: folder / "cut.e2fsck", encoding: .utf8)) ?? ""
        Issue.record("\(kind), after \(outcomes.count) answers: \(error)\n\(check)")
      }
    }
    #expect(cuts > script.steps.count)
    print("\(kind): \(cuts) losses of power")
  }

  private static func check(_ store: Store, _ outcomes: [Outcome], _ rehearsal: Rehearsal) async throws {
    try rehearsal.check(try await store.picture(), after: outcomes.count)
    try await store.expectWhole()
    // An upload may have lost bytes, and tells how many it has: what is missing makes it whole.
    guard let location = outcomes.last(where: { $0.status == 202 && !$0.location.isEmpty })?.location,
      let size = try await store.progress(location)
    else { return }
    let content = Specimen.upload
    guard size <= content.count else { throw Failure("the upload has \(size) bytes") }
    let rest = TestRequest(.put, "{location}&digest=\(sha256(content))", body: Array(content[size...]))
    // Without the old state, which may be about bytes that are gone.
    var performer = Performer(store.client, location: try await store.location(location))
    let outcome = try await performer.perform(rest)
    guard outcome.status == 201 else { throw Failure("the upload, gone on from \(size), is \(outcome.status)") }
    _ = try await store.picture()
  }
}
