/// How far a verification has come.
public struct VerificationProgress: Sendable, Equatable {
  /// The phases, in their order.
  public enum Phase: Sendable {
    /// The digest of every content.
    case contents
    /// What repositories consist of.
    case repositories
  }

  /// What is verified now.
  public var phase = Phase.contents
  /// How many there are in the phase, counted when it begins; nil where only one repository is verified.
  public var total: Int64?
  /// What was verified and found so far, also by earlier runs that this one continues.
  public var tally: VerificationTally
  /// Bytes that this run has read.
  public var bytesRead: Int64 = 0

  init(_ tally: VerificationTally) {
    self.tally = tally
  }

  /// How many of the phase were verified.
  public var done: Int64 {
    switch phase {
    case .contents: tally.contents
    case .repositories: tally.repositories
    }
  }

  /// The part of the phase that is over, from 0 to 1; nil where that isn't known. More may be pushed meanwhile.
  public var fraction: Double? {
    total.map { $0 > 0 ? min(1, Double(done) / Double($0)) : 1 }
  }

  /// One line.
  /// - Parameter time: since this run began.
  public func text(after time: Duration) -> String {
    let percentage = fraction.map { "\(Int($0 * 100)) %, " } ?? ""
    let amount = "\(percentage)\(done)" + (total.map { " of \($0)" } ?? "")
    let faults = "\(tally.repaired + tally.repairable + tally.left) faults"
    switch phase {
    case .contents:
      let speed = bytesRead / max(1, time.components.seconds)
      return "contents: \(amount), \(tally.bytes >> 20) MiB (\(speed >> 20) MiB/s), \(faults)"
    case .repositories:
      return "repositories: \(amount), \(tally.manifests) manifests, \(tally.links) links, \(faults)"
    }
  }
}
