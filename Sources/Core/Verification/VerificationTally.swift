/// How far a verification has come, and what it has found.
public struct VerificationTally: Sendable, Equatable {
  /// Contents whose digest was computed.
  public var contents: Int64 = 0
  /// Their bytes.
  public var bytes: Int64 = 0
  /// Repositories.
  public var repositories: Int64 = 0
  /// Links that were read.
  public var links: Int64 = 0
  /// Manifests whose references were looked up.
  public var manifests: Int64 = 0
  /// Findings that were repaired.
  public var repaired: Int64 = 0
  /// Findings that a repair would correct.
  public var repairable: Int64 = 0
  /// Findings that the operator has to correct.
  public var left: Int64 = 0
  /// Files and trees of processes that died, removed at the end of a repair.
  public var leftovers: Int64 = 0

  /// Nothing yet.
  public init() {}

  static var fields: [(name: String, path: WritableKeyPath<VerificationTally, Int64>)] {
    [
      ("contents", \.contents), ("bytes", \.bytes), ("repositories", \.repositories), ("links", \.links),
      ("manifests", \.manifests), ("repaired", \.repaired), ("repairable", \.repairable), ("left", \.left),
      ("leftovers", \.leftovers),
    ]
  }

  /// The summary at the end of a report: one JSON object.
  public var json: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.object("summary") { json in write(to: &json) }
    }
    return json.bytes
  }

  func write(to json: inout JSONWriter) {
    for (name, path) in VerificationTally.fields { json.integer(name, self[keyPath: path]) }
  }

  mutating func count(_ state: Finding.State) {
    switch state {
    case .repairable: repairable += 1
    case .repaired: repaired += 1
    case .left: left += 1
    }
  }
}
