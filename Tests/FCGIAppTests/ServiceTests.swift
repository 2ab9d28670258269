import Core
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct ServiceTests {
  @Test func `workers that are killed are replaced, and the service goes on`() throws {
    let service = try Service()
    #expect(eventually { service.children("worker").count == 2 && service.children("keeper").count == 1 })
    let before = Set(service.children("worker") + service.children("keeper"))
    for id in before { kill(id, SIGKILL) }
    #expect(
      eventually {
        let after = service.children("worker")
        return after.count == 2 && service.children("keeper").count == 1
          && before.isDisjoint(with: after + service.children("keeper"))
      })
    #expect(eventually { (try? service.connect().exchange("GET", "/v2/"))?.status == 200 })
    #expect(service.log.contains("was ended by signal 9"))
  }

  @Test func `what caches do is counted for all workers, and the end of one voids what they remember`() throws {
    let service = try Service()
    let segment = try service.segment
    let digest = TestContent.digest([1, 2, 3])
    let blob = "/v2/team/app/blobs/\(digest)"
    let pushed = try service.connect().exchange(
      "POST", "/v2/team/app/blobs/uploads/?digest=\(digest)", body: [1, 2, 3])
    #expect(pushed.status == 201)
    let absent = "/v2/team/app/blobs/\(TestContent.digest([4]))"
    let isRemembered = try eventually {
      // Which is never remembered; the blob is by the worker that took it, which may be the one that always answers.
      #expect(try service.connect().exchange("HEAD", absent).status == 404)
      let isThere = try service.connect().exchange("HEAD", blob).status == 200
      return !isThere || (segment[.hits] > 10 && segment[.misses] > 0)
    }
    #expect(isRemembered && segment[.hits] > 10)
    #expect(segment[.removals] == 0 && segment.generation == 0)
    #expect(try service.connect().exchange("DELETE", blob).status == 202)
    // Before the link goes, and after.
    #expect(segment[.removals] == 1 && segment.generation == 2)
    for _ in 0..<20 { #expect(try service.connect().exchange("HEAD", blob).status == 404) }
    // It may have been about to say that something is gone.
    for (index, role) in ["worker", "keeper"].enumerated() {
      #expect(eventually { !service.children(role).isEmpty })
      kill(try #require(service.children(role).first), SIGKILL)
      #expect(eventually { segment.generation == UInt64(index + 3) })
    }
  }

  @Test func `a reload under load drops no request`() throws {
    let service = try Service()
    let isOver = SharedFlag()
    let clients = (0..<4).map { number in
      Background { () -> (answers: Int, failures: Int) in
        var kept = try service.connect()
        var answers = 0
        var failures = 0
        while !isOver.isSet {
          if number % 2 == 1 { kept = try service.connect() }
          let answer = try kept.exchange("GET", "/v2/")
          if answer.isComplete && answer.status == 200 { answers += 1 } else { failures += 1 }
        }
        return (answers, failures)
      }
    }
    for round in 1...3 {
      let before = Set(service.children("worker"))
      kill(service.process.processID, SIGHUP)
      #expect(
        eventually {
          before.isDisjoint(with: service.children("worker"))
            && service.log.components(separatedBy: "the new configuration is in use").count == round + 1
        })
    }
    isOver.set()
    for client in clients {
      let result = try #require(try client.wait())
      #expect(result.failures == 0)
      #expect(result.answers > 0)
    }
  }

  @Test func `a configuration that is not valid changes nothing, and its problems are logged`() throws {
    let service = try Service()
    let kept = try service.connect()
    let workers = service.children("worker")
    try "version: 0.1\nstorage: {floppy: {}}\nfastcgi: {threads: many}\n"
      .write(toFile: service.configuration, atomically: true, encoding: .utf8)
    kill(service.process.processID, SIGHUP)
    #expect(eventually { service.log.contains("the configuration was not changed") })
    #expect(service.log.contains("floppy"))
    #expect(service.log.contains("fastcgi.threads"))
    #expect(try kept.exchange("GET", "/v2/").status == 200)
    // A worker that is replaced now gets what was valid.
    for id in workers { kill(id, SIGKILL) }
    #expect(eventually { (try? service.connect().exchange("GET", "/v2/"))?.status == 200 })
  }

  @Test func `storage that can't be used leaves the old workers serving`() throws {
    let service = try Service()
    let workers = Set(service.children("worker"))
    try Data("no directory".utf8).write(to: URL(fileURLWithPath: service.folder / "file"))
    try Service.text(service.folder, socket: service.socket)
      .replacingOccurrences(of: service.folder / "registry", with: service.folder / "file/registry")
      .write(toFile: service.configuration, atomically: true, encoding: .utf8)
    kill(service.process.processID, SIGHUP)
    #expect(
      eventually {
        service.log.contains("the configuration was not changed: storage.filesystem.rootdirectory: ")
      })
    #expect(Set(service.children("worker")).isSuperset(of: workers))
    #expect(try service.connect().exchange("GET", "/v2/").status == 200)
  }

  @Test func `new workers that don't come up leave the old ones serving`() throws {
    let service = try Service()
    var before = Set(service.children("worker"))
    kill(service.process.processID, SIGHUP)
    var reloads = 0
    #expect(
      eventually {
        for id in service.children("worker") where !before.contains(id) { kill(id, SIGKILL) }
        // They were faster than this.
        let done = service.log.components(separatedBy: "the new configuration is in use").count - 1
        if done > reloads {
          reloads = done
          before = Set(service.children("worker"))
          kill(service.process.processID, SIGHUP)
        }
        return service.log.contains("the configuration was not changed: worker")
      })
    #expect(eventually { (try? service.connect().exchange("GET", "/v2/"))?.status == 200 })
  }

  @Test func `a reload moves the service to another address`() throws {
    let service = try Service()
    let moved = service.folder / "moved.sock"
    try Service.text(service.folder, socket: moved)
      .write(toFile: service.configuration, atomically: true, encoding: .utf8)
    kill(service.process.processID, SIGHUP)
    #expect(eventually { (try? FastCGIConnection(path: moved).exchange("GET", "/v2/"))?.status == 200 })
    #expect(eventually { (try? service.connect()) == nil })
  }

  @Test func `a reload makes a socket anew whose file was removed`() throws {
    let service = try Service()
    let kept = try service.connect()
    #expect(try kept.exchange("GET", "/v2/").status == 200)
    unlink(service.socket)
    try service.reload()
    #expect(try service.connect().exchange("GET", "/v2/").status == 200)
    // Nobody can connect to the old one, and its connections end.
    #expect(try kept.isClosed())
    kill(service.process.processID, SIGTERM)
    #expect(service.process.exitStatus == 0)
    #expect(!FileManager.default.fileExists(atPath: service.socket))
  }

  @Test(arguments: [false, true])
  func `reloads leave an upload as long as it takes, at the same address and at another one`(isMoved: Bool) throws {
    let service = try Service(drainTimeout: "0s")
    var uploads: [FastCGIConnection] = []
    for round in 1...3 {
      let before = Set(service.children("worker"))
      let path = isMoved && round > 1 ? service.folder / "moved\(round - 1).sock" : service.socket
      uploads.append(try service.beginUpload(at: path))
      if isMoved {
        try Service.text(service.folder, socket: service.folder / "moved\(round).sock", drainTimeout: "0s")
          .write(toFile: service.configuration, atomically: true, encoding: .utf8)
      }
      try service.reload()
      // Those of the workers of before that have nothing to do end: each upload holds one at the most.
      #expect(eventually { before.intersection(service.children("worker")).count <= round })
    }
    for upload in uploads { #expect(try service.endUpload(upload)) }
    #expect(eventually { service.children("worker").count == 2 })
    let lines = service.log.split(separator: "\n").filter { $0.contains("worker ") }
    #expect(!lines.contains { $0.contains("did not end cleanly") })
    #expect(!service.log.contains("requests were still under way"))
  }

  @Test func `the end of the service bounds what workers that a reload replaced are at`() throws {
    let service = try Service(drainTimeout: "0s")
    let busy = try service.beginUpload()
    try service.reload()
    kill(service.process.processID, SIGTERM)
    #expect(eventually { !service.process.isRunning })
    #expect(service.process.exitStatus == 0)
    #expect(try busy.isClosed())
  }

  @Test func `the service ends when it is told to, after the requests in flight`() throws {
    let service = try Service()
    let busy = try service.beginUpload()
    kill(service.process.processID, SIGTERM)
    #expect(eventually { service.log.contains("stopping") })
    // Nobody waits in vain.
    #expect(eventually { (try? service.connect()) == nil })
    #expect(try service.endUpload(busy))
    #expect(service.process.exitStatus == 0)
    #expect(!FileManager.default.fileExists(atPath: service.socket))
  }

  @Test func `nothing outlives a supervisor that is killed, and the next one takes the socket over`() throws {
    let service = try Service()
    #expect(eventually { service.children("worker").count == 2 && service.children("keeper").count == 1 })
    let children = service.children("worker") + service.children("keeper")
    kill(service.process.processID, SIGKILL)
    #expect(eventually { !children.contains(where: Service.isRunning) })
    let next = try Service(in: service.folder)
    #expect(try next.connect().exchange("GET", "/v2/").status == 200)
  }

  @Test(arguments: [false, true])
  func `a supervisor that is killed during an upload can be followed at once, and the upload comes to its end`(
    isReplaced: Bool
  ) throws {
    let service = try Service(drainTimeout: "300s")
    let busy = try service.beginUpload()
    // The worker that has the upload may be an old one.
    if isReplaced { try service.reload() }
    kill(service.process.processID, SIGKILL)
    #expect(eventually { (try? service.connect()) == nil })
    let next = try Service(in: service.folder)
    #expect(try next.connect().exchange("GET", "/v2/").status == 200)
    #expect(try service.endUpload(busy))
    #expect(try next.connect().exchange("GET", "/v2/").status == 200)
  }

  @Test func `a manifest that is nested without end is refused, and costs no worker`() throws {
    let service = try Service()
    let workers = Set(service.children("worker"))
    let connection = try service.connect()
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      let text = String(repeating: open, count: 200_000) + "1" + String(repeating: close, count: 200_000)
      let answer = try connection.exchange(
        "PUT", "/v2/a/manifests/latest", parameters: [("CONTENT_TYPE", "application/vnd.oci.image.manifest.v1+json")],
        body: Array(text.utf8))
      #expect((400..<500).contains(answer.status))
    }
    #expect(Set(service.children("worker")) == workers)
  }

  @Test func `a second service on one socket is refused, and so is a configuration that is not valid`() throws {
    let service = try Service()
    let executable = try RegistryServer.berthExecutable()
    let second = try ChildProcess([executable, "serve", service.configuration], log: service.folder / "second.log")
    #expect(second.exitStatus == 78)
    #expect(try String(contentsOfFile: service.folder / "second.log", encoding: .utf8).contains("another process"))
    #expect(try service.connect().exchange("GET", "/v2/").status == 200)
    let missing = try ChildProcess(
      [executable, "serve", service.folder / "none.yml"], log: service.folder / "third.log")
    #expect(missing.exitStatus == 78)
    #expect(try String(contentsOfFile: service.folder / "third.log", encoding: .utf8).contains("none.yml"))
  }

  @Test func `storage that can't be used is said once, with key and remedy, and nothing starts`() throws {
    let folder = try TemporaryFolder()
    try Data("no directory".utf8).write(to: URL(fileURLWithPath: folder / "file"))
    for root in ["file", "file/registry"] {
      try Service.text(folder, socket: folder / "berth.sock")
        .replacingOccurrences(of: folder / "registry", with: folder / root)
        .write(toFile: folder / "config.yml", atomically: true, encoding: .utf8)
      let process = try ChildProcess(
        [RegistryServer.berthExecutable(), "serve", folder / "config.yml"], log: folder / "berth.log")
      #expect(process.exitStatus == 78)
      let log = try String(contentsOfFile: folder / "berth.log", encoding: .utf8)
      #expect(
        log.contains(
          "level=fatal msg=\"storage.filesystem.rootdirectory: the service can't use \(folder / root): Not a directory ("
        ))
      #expect(log.split(separator: "\n").count == 1)
      #expect(!FileManager.default.fileExists(atPath: folder / "berth.sock"))
    }
  }

  @Test func `storage that isn't there yet is said once, with key and remedy, and the service starts`() throws {
    let folder = try TemporaryFolder()
    let link = folder / "registry"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder / "disk")
    let service = try Service(in: folder)
    let lines = service.log.split(separator: "\n").filter { $0.contains("storage.filesystem.rootdirectory") }
    #expect(lines.count == 1)
    #expect(lines.first?.contains("can't use \(link) now: No such file or directory (make or mount ") == true)
    try FileManager.default.createDirectory(atPath: folder / "disk", withIntermediateDirectories: true)
    let pushed = try service.connect().exchange(
      "POST", "/v2/team/app/blobs/uploads/?digest=\(TestContent.digest([1]))", body: [1])
    #expect(pushed.status == 201)
  }

  @Test func `every line obeys log.formatter, the first ones and the access log too`() throws {
    let service = try Service("log: {formatter: json, fields: {site: a}}\nhttp2: {}\n")
    #expect(try service.connect().exchange("GET", "/v2/", parameters: [("HTTP_USER_AGENT", "probe")]).status == 200)
    #expect(eventually { service.log.contains("\"http.request.useragent\":\"probe\"") })
    let lines = service.log.split(separator: "\n")
    let objects = try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    #expect(objects.allSatisfy { $0?["site"] as? String == "a" })
    for object in objects {
      #expect((object?["time"] as? String)?.wholeMatch(of: /[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z/) != nil)
    }
    #expect(
      objects.contains { ($0?["msg"] as? String)?.contains("http2") ?? false && $0?["level"] as? String == "warning" })
    #expect(objects.contains { $0?["msg"] as? String == "response completed" })
  }

  @Test func `a log that is copied and truncated goes on at its beginning`() throws {
    let service = try Service()
    try service.reload()
    #expect(truncate(service.folder / "berth.log", 0) == 0)
    #expect(try service.connect().exchange("GET", "/v2/").status == 200)
    try service.reload()
    #expect(eventually { service.log.contains("response completed") })
    #expect(service.log.hasPrefix("time=") && !service.log.contains("\0"))
  }

  @Test func `warnings at a reload are warnings, and a signal for reopening logs ends nothing`() throws {
    let service = try Service()
    try (Service.text(service.folder, socket: service.socket) + "http2: {}\nstorage2: [\n")
      .write(toFile: service.configuration, atomically: true, encoding: .utf8)
    kill(service.process.processID, SIGUSR1)
    kill(service.process.processID, SIGHUP)
    #expect(eventually { service.log.contains("the configuration was not changed") })
    try (Service.text(service.folder, socket: service.socket) + "http2: {}\nfastcgi2: {}\nredis: {pool: x}\n")
      .write(toFile: service.configuration, atomically: true, encoding: .utf8)
    kill(service.process.processID, SIGHUP)
    #expect(eventually { service.log.contains("http2") })
    let lines = service.log.split(separator: "\n").filter { $0.contains("http2") }
    #expect(lines.allSatisfy { $0.contains("level=warning") }, "\(lines)")
    #expect(service.process.isRunning)
  }

  @Test func `reloads one after the other end every process cleanly`() throws {
    let service = try Service()
    for _ in 0..<8 { try service.reload() }
    #expect(eventually { service.children("keeper").count == 1 && service.children("worker").count == 2 })
    #expect(!service.log.contains("did not end cleanly"), "\(service.log)")
  }

  @Test func `what processes that died have left is swept at the start`() throws {
    let folder = try TemporaryFolder()
    let staging = folder / "registry/~staging"
    try FileManager.default.createDirectory(atPath: staging + "/tree/below", withIntermediateDirectories: true)
    let service = try Service(in: folder)
    #expect(eventually { service.log.contains("sweeping leftovers: done") })
    // It is young, and may be in use.
    #expect(FileManager.default.fileExists(atPath: staging + "/tree/below"))
  }

  private final class SharedFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }
}
