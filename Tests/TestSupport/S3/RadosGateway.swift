import Foundation
import HTTPTypes

/// Ceph's S3 API: a monitor, an OSD that keeps everything in memory, and radosgw, which verifies signatures.
package final class RadosGateway: Sendable {
  package let store: ObjectStore
  private let ceph: CephFolder
  private let monitor: ChildProcess
  private let osd: ChildProcess
  private let gateway: ChildProcess

  /// The one of this process, started when it is first asked for, which takes some 15 s. Tests use a bucket each.
  package static var shared: Result<RadosGateway, any Error> {
    Result { try ServerTests.require("radosgw") }.flatMap { started }
  }

  private static let started = SharedServer.start {
    // Another process may take a port between the look at it and its use.
    for _ in 0..<2 {
      if let gateway = try? RadosGateway() { return gateway }
    }
    return try RadosGateway()
  }

  private init() throws {
    ceph = try CephFolder()
    let folder = ceph.path
    try ceph.prepareMonitor()
    monitor = try ceph.launch("ceph-mon", "-i", "a", "-f", log: "mon")
    let id = UUID().uuidString.lowercased()
    try ceph.run("ceph", "--connect-timeout", "60", "osd", "new", id)
    try ceph.run("ceph", "auth", "add", "osd.0", "-i", folder + "/keyring")
    try ceph.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", id)
    osd = try ceph.launch("ceph-osd", "-i", "0", "-f", log: "osd")
    store = ObjectStore(port: try FreePort.next())
    // Makes the pools, too, which the OSD must be up for.
    try ceph.run(
      "radosgw-admin", "user", "create", "--uid=tests", "--display-name=tests", "--access-key=\(store.accessKey)",
      "--secret-key=\(store.secretKey)")
    gateway = try ceph.launch(
      "radosgw", "-n", "client.admin", "-f", "--rgw-frontends", "beast endpoint=127.0.0.1:\(store.port)",
      "--rgw-data", folder + "/gateway", log: "gateway")
    try Eventually.holds("radosgw answers") {
      for (name, process) in [("mon", monitor), ("osd", osd), ("gateway", gateway)] where !process.isRunning {
        throw WireClient.Failure(
          description: "\(name) ended: "
            + ((try? String(contentsOfFile: folder + "/\(name).out", encoding: .utf8)) ?? ""))
      }
      let connection = try? WireClient.Connection(port: store.port)
      return (try? connection?.exchange(TestRequest(.get, "/"), close: true))?.status == 200
    }
    // The first requests to a bucket wait for Ceph to make its pools.
    let bucket = try store.newBucket()
    try store.put([1], bucket: bucket, key: "first")
  }

  /// Gives the store's user a further key.
  package func add(_ key: MetadataService.Key) throws {
    try ceph.run(
      "radosgw-admin", "key", "create", "--uid=tests", "--key-type=s3", "--access-key=\(key.access)",
      "--secret-key=\(key.secret)")
  }

  /// Takes it away, and waits until radosgw refuses it.
  package func remove(_ key: MetadataService.Key) throws {
    try ceph.run("radosgw-admin", "key", "rm", "--uid=tests", "--key-type=s3", "--access-key=\(key.access)")
    var other = store
    (other.accessKey, other.secretKey) = (key.access, key.secret)
    try Eventually.holds("radosgw refuses a key that is gone") {
      do {
        try other.run("buckets")
        return false
      } catch {
        return "\(error)".contains("InvalidAccessKeyId")
      }
    }
  }
}

/// Where a small cluster of Ceph lives: its configuration, its keys, and its data but for what the OSD has in memory.
private struct CephFolder {
  let path: String
  private let clusterID = UUID().uuidString.lowercased()
  private let addresses: String

  init() throws {
    path = try SharedServer.folder()
    addresses = "[v2:127.0.0.1:\(try FreePort.next())/0,v1:127.0.0.1:\(try FreePort.next())/0]"
    for name in ["mon", "osd", "gateway", "run"] {
      try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }
    try configuration.write(toFile: path + "/ceph.conf", atomically: true, encoding: .utf8)
  }

  private var configuration: String {
    """
    [global]
    fsid = \(clusterID)
    mon host = \(addresses)
    public addr = 127.0.0.1
    cluster addr = 127.0.0.1
    auth cluster required = cephx
    auth service required = cephx
    auth client required = cephx
    keyring = \(path)/keyring
    log file = \(path)/$name.log
    run dir = \(path)/run
    admin socket =
    crash dir = \(path)
    osd pool default size = 1
    osd pool default min size = 1
    osd pool default pg num = 8
    osd pool default pgp num = 8
    osd crush chooseleaf type = 0
    mon allow pool size one = true
    mon max pg per osd = 1000
    mon data avail warn = 1
    mon data avail crit = 1
    # Objects that tests delete are to leave the memory soon.
    rgw gc obj min wait = 20
    rgw gc processor period = 20
    [mon]
    mon data = \(path)/mon
    mon initial members = a
    [osd]
    osd data = \(path)/osd
    osd objectstore = memstore
    memstore device bytes = 17179869184
    osd max object name len = 2048

    """
  }

  /// Makes keys and the monitor's data.
  func prepareMonitor() throws {
    let keyring = path + "/keyring"
    let all = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"]
    for (name, rights) in [
      ("mon.", ["--cap", "mon", "allow *"]), ("client.admin", all + ["--cap", "mgr", "allow *"]),
      ("osd.0", ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"]),
    ] {
      let create = FileManager.default.fileExists(atPath: keyring) ? [] : ["--create-keyring"]
      try Self.bounded(["/usr/bin/ceph-authtool", keyring] + create + ["--gen-key", "-n", name] + rights)
    }
    try Self.bounded([
      "/usr/bin/monmaptool", "--create", "--fsid", clusterID, "--addv", "a", addresses, path + "/monmap",
    ])
    try run("ceph-mon", "-i", "a", "--mkfs", "--monmap", path + "/monmap", "--keyring", keyring)
  }

  /// Starts one of Ceph's servers.
  func launch(_ name: String, _ arguments: String..., log: String) throws -> ChildProcess {
    try SharedServer.launch(command(name, arguments), log: path + "/\(log).out")
  }

  /// Runs a command of Ceph's to its end.
  func run(_ name: String, _ arguments: String...) throws {
    try Self.bounded(command(name, arguments))
  }

  private func command(_ name: String, _ arguments: [String]) -> [String] {
    ["/usr/bin/" + name, "-c", path + "/ceph.conf"] + arguments
  }

  /// Ceph's commands wait for ever for what isn't there.
  private static func bounded(_ command: [String]) throws {
    _ = try ChildProcess.output(["/usr/bin/timeout", "--kill-after=5", "240"] + command)
  }
}
