/// What a server says of itself (INFO).
struct RedisServerInfo: Sendable, Equatable {
  /// Another one after each start.
  let runID: String
  /// Another one whenever the server's data may have taken a turn: each promotion, each adoption of others' data.
  let replicationID: String
  let isMaster: Bool
  let isLoading: Bool
  let mode: Mode

  enum Mode: String {
    case standalone, cluster, sentinel
  }

  /// nil where it doesn't say what it must.
  init?(_ text: String) {
    let fields = RedisServerInfo.fields(text)
    guard let runID = fields["run_id"], !runID.isEmpty else { return nil }
    self.runID = runID
    // Those that have data have the rest, too.
    mode = fields["redis_mode"].flatMap { Mode(rawValue: String($0)) } ?? .standalone
    guard mode == .sentinel || fields["role"] != nil && fields["master_replid"] != nil else { return nil }
    replicationID = fields["master_replid"] ?? ""
    isMaster = fields["role"] == "master"
    isLoading = fields["loading"].map { $0 != "0" } ?? false
  }

  /// Whether `INFO replication` says that nothing has changed.
  func isConfirmed(by text: String) -> Bool {
    let fields = RedisServerInfo.fields(text)
    return fields["role"] == "master" && fields["master_replid"] == replicationID
  }

  /// What of the server can't stay the same when it loses what it has acknowledged.
  var identity: String { runID + ":" + replicationID }

  private static func fields(_ text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for line in text.utf8.split(whereSeparator: { $0 == 13 || $0 == 10 }) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      fields[String(line[..<colon]) ?? ""] = String(line[line.index(after: colon)...])
    }
    return fields
  }
}
