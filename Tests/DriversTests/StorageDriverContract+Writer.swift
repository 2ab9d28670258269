import Core
import TestSupport
import Testing

extension StorageDriverContract {
  @Test(arguments: DriverKind.allCases)
  func `writers add to a file, here and in another worker`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    let file = try path("/uploads/1/data")
    let first = try await storage.driver.writer(at: file, appending: true)
    #expect(first.size == 0)
    try await first.write("one, ")
    try await first.write("")
    try await first.write("two, ")
    #expect(first.size == 10)
    try await first.close()
    let second = try await storage.elsewhere.writer(at: file, appending: true)
    #expect(second.size == 10)
    try await second.write("three")
    #expect(second.size == 15)
    try await second.close()
    #expect(try await storage.driver.stat(file).size == 15)
    #expect(try await storage.driver.text(file) == "one, two, three")
  }

  @Test(arguments: DriverKind.allCases)
  func `a writer that doesn't append begins anew`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("what was there before", at: path("/file"))
    let writer = try await driver.writer(at: path("/file"), appending: false)
    #expect(writer.size == 0)
    try await writer.write("new")
    try await writer.close()
    #expect(try await driver.text(path("/file")) == "new")
  }

  @Test(arguments: DriverKind.allCases)
  func `a large file arrives in pieces of every size`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    let content = (0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 >> 3 &+ $0) }
    let writer = try await driver.writer(at: path("/large"), appending: true)
    var offset = 0
    var step = 1
    while offset < content.count {
      let end = min(content.count, offset + step)
      try await writer.write(content.span.extracting(offset..<end).bytes)
      offset = end
      step = min(step * 3, 3_000_001)
      #expect(writer.size == Int64(offset))
    }
    try await writer.commit(to: path("/done/large"))
    #expect(try await driver.read(path("/done/large"), from: 0, capacity: 1 << 20) == content)
    let middle = (11 << 20) - 5
    #expect(
      try await driver.read(path("/done/large"), from: Int64(middle), capacity: 700_001) == Array(content[middle...]))
  }

  @Test(arguments: DriverKind.allCases)
  func `a second writer is told that the file is busy`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    let file = try path("/uploads/1/data")
    let writer = try await storage.driver.writer(at: file, appending: true)
    try await onThreads(2) { index in
      let other = index == 0 ? storage.driver : storage.elsewhere
      await expect(.busy) { _ = try await other.writer(at: file, appending: index == 0) }
    }
    try await writer.write("mine")
    try await writer.close()
    await expect(.failed) { try await writer.write("more") }
    try await storage.elsewhere.append(", then yours", to: file)
    #expect(try await storage.driver.text(file) == "mine, then yours")
  }

  @Test(arguments: DriverKind.allCases)
  func `a second writer waits a little for the first to let go`(kind: DriverKind) async throws {
    let storage = try storage(kind, patience: .seconds(1200))
    let file = try path("/uploads/1/data")
    try await onThreads(8) { index in
      try await (index % 2 == 0 ? storage.driver : storage.elsewhere).append("\(index)", to: file)
    }
    #expect(try await storage.driver.text(file).sorted() == Array("01234567"))
  }

  @Test(arguments: DriverKind.allCases)
  func `a writer that is let go without a word keeps what was written`(kind: DriverKind) async throws {
    let storage = try storage(kind, patience: .seconds(1200))
    let file = try path("/uploads/1/data")
    func abandon() async throws {
      let writer = try await storage.driver.writer(at: file, appending: true)
      try await writer.write("kept")
    }
    try await abandon()
    try await storage.elsewhere.append(", and more", to: file)
    #expect(try await storage.driver.text(file) == "kept, and more")
  }

  @Test(arguments: DriverKind.allCases)
  func `cancel removes the file and lets go of it`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    let writer = try await driver.writer(at: path("/uploads/1/data"), appending: true)
    try await writer.write("unwanted")
    try await writer.cancel()
    await expect(.notFound) { _ = try await driver.stat(path("/uploads/1/data")) }
    let next = try await driver.writer(at: path("/uploads/1/data"), appending: true)
    #expect(next.size == 0)
    try await next.close()
  }

  @Test(arguments: DriverKind.allCases)
  func `commit moves the file, over another one too`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    for text in ["first", "second"] {
      let writer = try await driver.writer(at: path("/uploads/1/data"), appending: true)
      try await writer.write(text)
      try await writer.commit(to: path("/blobs/1/data"))
      #expect(try await driver.text(path("/blobs/1/data")) == text)
      await expect(.notFound) { _ = try await driver.stat(path("/uploads/1/data")) }
      #expect(try await driver.list(path("/blobs/1")) == ["data"])
    }
  }

  @Test(arguments: DriverKind.withDirectories)
  func `a commit that fails leaves the file where it was`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("", at: path("/file"))
    try await driver.put("", at: path("/directory/file"))
    let writer = try await driver.writer(at: path("/uploads/1/data"), appending: true)
    try await writer.write("text")
    await expect(.wrongKind) { try await writer.commit(to: path("/file/below")) }
    await expect(.wrongKind) { try await writer.commit(to: path("/directory")) }
    #expect(try await driver.text(path("/uploads/1/data")) == "text")
    try await writer.write(", and more")
    try await writer.commit(to: path("/place"))
    #expect(try await driver.text(path("/place")) == "text, and more")
  }

  @Test(arguments: DriverKind.allCases)
  func `commit takes no other file than its own`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    let upload = try path("/uploads/1/data")
    let verified = try await driver.writer(at: upload, appending: true)
    try await verified.write("verified")
    try await driver.delete(path("/uploads/1"), durability: .process)
    await expect(.notFound) { try await verified.commit(to: path("/blob")) }
    try await driver.append("forged", to: upload)
    await expect(.notFound) { try await verified.commit(to: path("/blob")) }
    await expect(.notFound) { _ = try await driver.stat(path("/blob")) }
    try await verified.cancel()
    #expect(try await driver.text(upload) == "forged")
  }

  @Test(arguments: DriverKind.allCases)
  func `nobody adds to a file between the last write and its commit`(kind: DriverKind) async throws {
    let storage = try storage(kind, patience: .seconds(1200))
    for round in 0..<20 {
      let upload = try path("/uploads/\(round)/data")
      let blob = try path("/blobs/\(round)/data")
      let writer = try await storage.driver.writer(at: upload, appending: true)
      try await writer.write("verified")
      let committer = Handover(writer)
      try await onThreads(4) { index in
        if index == 0 {
          try await committer.writer.commit(to: blob)
        } else {
          try await (index == 1 ? storage.driver : storage.elsewhere).append("late", to: upload)
        }
      }
      #expect(try await storage.driver.text(blob) == "verified")
      #expect(try await storage.driver.text(upload) == "latelatelate")
    }
  }
}

/// Takes a writer to the one thread that goes on with it.
private final class Handover: @unchecked Sendable {
  let writer: any StorageWriter

  init(_ writer: any StorageWriter) {
    self.writer = writer
  }
}
