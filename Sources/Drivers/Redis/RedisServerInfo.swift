/// What a server reports about itself (INFO).
struct RedisServerInfo: Sendable, Equatable {
  /// Changes with each start.
  let runID: String
  /// Changes with each promotion and each full resynchronisation: whenever the server may have other data than before.
  let replicationID: String
  let isMaster: Bool
  let isLoading: Bool
  let mode: Mode

  enum Mode: String {
    case standalone, cluster, sentinel
  }

  /// nil where a required field is missing.
  init?(_ text: String) {
    let fields = RedisServerInfo.fields(text)
    guard let runID = fields["run_id"], !runID.isEmpty else { return nil }
    self.runID = runID
    // Sentinels have no data, and need not report the rest.
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

  /// Changes whenever the server may have lost what it has acknowledged.
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
