import Testing

@testable import FCGIApp

struct TakeoverTests {
  private static let takeover = Takeover(
    segment: 33, handoverSending: 34, handoverReceiving: 35, socket: 36, socketFile: [2049, 1 << 63],
    configuration: 37,
    processes: [
      .init(
        role: .worker, id: 1234, control: 38, drainTimeout: 30_000, isReady: true, isRetired: false, killAfter: nil),
      .init(role: .keeper, id: 77, control: 39, drainTimeout: 0, isReady: false, isRetired: true, killAfter: 0),
    ])

  @Test func `what one executable writes, the next one reads`() {
    #expect(Takeover(Self.takeover.text) == Self.takeover)
    var other = Self.takeover
    (other.socketFile, other.processes) = ([], [])
    #expect(Takeover(other.text) == other)
  }

  @Test func `what is of another form or torn is refused`() {
    let text = Self.takeover.text
    for (old, new) in [
      ("berth-takeover 1", "berth-takeover 2"), ("segment 33", "segment"), ("segment 33", "segment x"),
      ("34 35", "34"), ("socket 36", "socket 99999999999"), ("socket 36 2049", "socket 36"),
      ("configuration 37", "configuration -"), ("process worker 1234", "process worker 1"),
      ("process worker", "process cook"), (" 0 1 0", " 0 1"), ("process keeper", "keeper"),
    ] {
      let changed = text.replacing(old, with: new)
      #expect(changed != text)
      #expect(Takeover(changed) == nil, "\(old) → \(new)")
    }
    #expect(Takeover("") == nil)
  }
}
