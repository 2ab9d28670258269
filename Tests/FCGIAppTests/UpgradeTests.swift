import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FCGIApp

/// A new file at the executable's path, and a reload.
@Suite(.ownThread, .serialized) struct UpgradeTests {
  /// A service whose executable is a file of its own, which can be replaced.
  private struct Site {
    let folder: TemporaryFolder
    let executable: String
    let service: Service

    init() throws {
      folder = try TemporaryFolder()
      executable = folder / "berth"
      try Self.install(RegistryServer.berthExecutable(), at: executable)
      service = try Service(in: folder, executable: executable)
    }

    /// Puts another file where the executable is, as installers do. It has the same content, and one byte more.
    static func install(_ source: String, at path: String) throws {
      try makeFile(at: path, "cat -- \"$2\" && printf '\\0'", source)
    }

    /// Puts a script where the executable is.
    static func install(script: String, at path: String) throws {
      try makeFile(at: path, "printf %s \"$2\"", script)
    }

    /// Another process writes the file: a process that another test starts at the same moment would inherit a
    /// descriptor of this one, and no file can be executed while one is open for writing.
    private static func makeFile(at path: String, _ command: String, _ argument: String) throws {
      let steps = "{ \(command); } > \"$1.new\" && chmod 755 \"$1.new\" && mv -f \"$1.new\" \"$1\""
      let outcome = try ChildProcess.run(["/bin/sh", "-c", steps, "install", path, argument])
      guard outcome.status == 0 else { throw POSIXError(.EIO) }
    }

    /// Which file a process runs: the same text for the same file.
    static func file(of id: pid_t) -> String { identity("/proc/\(id)/exe") }

    static func identity(_ path: String) -> String {
      var status = stat()
      return stat(path, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : "gone"
    }
  }

  @Test func `a new executable takes over under load, and slow uploads end where they began`() throws {
    let site = try Site()
    let service = site.service
    let supervisor = service.process.processID
    let isOver = Atomic(false)
    let clients = (0..<4).map { number in
      Background { () -> (answers: Int, failures: [String]) in
        var kept = try service.connect()
        var answers = 0
        var failures: [String] = []
        while !isOver.load(ordering: .relaxed) {
          if number % 2 == 1 { kept = try service.connect() }
          let answer = try kept.exchange("GET", "/v2/")
          if answer.isComplete && answer.status == 200 { answers += 1 } else { failures.append("\(answer)") }
        }
        return (answers, failures)
      }
    }
    var uploads: [FastCGIConnection] = []
    for _ in 1...3 {
      uploads.append(try service.beginUpload())
      let before = service.children("worker")
      try Site.install(RegistryServer.berthExecutable(), at: site.executable)
      try service.reload()
      let file = Site.identity(site.executable)
      #expect(Site.file(of: supervisor) == file)
      // The workers that have uploads go on beside the new ones.
      let new = service.children("worker").filter { !before.contains($0) }
      #expect(new.count == 2)
      for id in new { #expect(Site.file(of: id) == file) }
      #expect(eventually { service.children("keeper").map(Site.file) == [file] })
    }
    isOver.store(true, ordering: .relaxed)
    for client in clients {
      let result = try #require(try client.wait())
      #expect(result.failures == [])
      #expect(result.answers > 0)
    }
    #expect(service.process.isRunning)
    for upload in uploads { #expect(try service.endUpload(upload)) }
    // What is left of the old generations ends, and the supervisor sees it.
    #expect(eventually { service.children("worker").count == 2 })
    #expect(!service.log.contains("did not end cleanly"), "\(service.log)")
  }

  @Test func `a worker of the old executable that dies after the change is replaced, and a stop ends all`() throws {
    let site = try Site()
    try Site.install(RegistryServer.berthExecutable(), at: site.executable)
    try site.service.reload()
    for id in site.service.children("worker") { kill(id, SIGKILL) }
    #expect(eventually { (try? site.service.connect().exchange("GET", "/v2/"))?.status == 200 })
    let busy = try site.service.beginUpload()
    try Site.install(RegistryServer.berthExecutable(), at: site.executable)
    try site.service.reload()
    let all = site.service.children("worker") + site.service.children("keeper")
    kill(site.service.process.processID, SIGTERM)
    #expect(try site.service.endUpload(busy))
    #expect(site.service.process.exitStatus == 0)
    #expect(!all.contains(where: Service.isRunning))
    #expect(!FileManager.default.fileExists(atPath: site.service.socket))
  }

  @Test(arguments: ["#!/bin/sh\necho 'wrong machine' >&2\nexit 3\n", "no program", "#!/bin/sh\nkill -9 $$\n"])
  func `an executable that can't take over changes nothing but the configuration`(content: String) throws {
    let site = try Site()
    let file = Site.file(of: site.service.process.processID)
    let kept = try site.service.connect()
    #expect(try kept.exchange("GET", "/v2/").status == 200)
    try Site.install(script: content, at: site.executable)
    try site.service.reload()
    #expect(site.service.log.contains("can't take over, so the present one goes on"))
    if content.contains("wrong machine") { #expect(site.service.log.contains("wrong machine")) }
    #expect(Site.file(of: site.service.process.processID) == file)
    #expect(eventually { site.service.children("worker").allSatisfy { Site.file(of: $0) == file } })
    #expect(try kept.exchange("GET", "/v2/").status == 200)
  }

  @Test func `a new executable leaves the old workers where the configuration is wrong`() throws {
    let site = try Site()
    let workers = Set(site.service.children("worker"))
    try "version: 0.1\nstorage: {floppy: {}}\n"
      .write(toFile: site.service.configuration, atomically: true, encoding: .utf8)
    try Site.install(RegistryServer.berthExecutable(), at: site.executable)
    kill(site.service.process.processID, SIGHUP)
    #expect(eventually { site.service.log.contains("the configuration was not changed") })
    #expect(site.service.log.contains("can't take over") && site.service.log.contains("floppy"))
    #expect(Set(site.service.children("worker")) == workers)
    #expect(try site.service.connect().exchange("GET", "/v2/").status == 200)
  }

  @Test func `a link by which a relative path named the executable is followed anew`() throws {
    let folder = try TemporaryFolder()
    for version in ["one", "two"] {
      try FileManager.default.createDirectory(atPath: folder / version, withIntermediateDirectories: true)
      try Site.install(RegistryServer.berthExecutable(), at: folder / "\(version)/berth")
    }
    #expect(symlink("one/berth", folder / "current") == 0)
    // What `exec` is given is what the service knows of its path.
    try Site.install(script: "#!/bin/sh\ncd '\(folder.path)'\nexec ./current \"$@\"\n", at: folder / "start")
    let service = try Service(in: folder, executable: folder / "start")
    #expect(Site.file(of: service.process.processID) == Site.identity(folder / "one/berth"))
    #expect(symlink("two/berth", folder / "next") == 0 && rename(folder / "next", folder / "current") == 0)
    try service.reload()
    #expect(Site.file(of: service.process.processID) == Site.identity(folder / "two/berth"))
  }

  @Test func `only another version that shares nothing differently takes over`() throws {
    let executable = try RegistryServer.berthExecutable()
    let folder = try TemporaryFolder()
    try Service.text(folder, socket: folder / "s").write(toFile: folder / "c.yml", atomically: true, encoding: .utf8)
    for (format, segment, status) in [
      ("\(Takeover.format)", SharedSegment.format, 0), ("\(Takeover.format + 1)", SharedSegment.format, 1),
      ("\(Takeover.format)", "other", 1),
    ] {
      let outcome = try ChildProcess.run([
        executable, "takeover-check", "--takeover-format", format, "--segment-format", segment, folder / "c.yml",
      ])
      #expect(outcome.status == Int32(status))
      #expect(outcome.errors.contains("restart the service") == (status == 1))
    }
  }
}
