import Core
import Testing

extension StorageDriverContract {
  /// The ways in which a writer ends.
  enum End: CaseIterable, Sendable {
    case close, cancel, commit

    func apply(_ writer: any StorageWriter) async throws {
      switch self {
      case .close: try await writer.close()
      case .cancel: try await writer.cancel()
      case .commit: try await writer.commit(to: path("/blobs/1/data"))
      }
    }
  }

  @Test(arguments: DriverKind.allCases, End.allCases)
  func `what comes after a writer's end changes nothing`(kind: DriverKind, end: End) async throws {
    let storage = try storage(kind)
    let upload = try path("/uploads/1/data")
    let blob = try path("/blobs/1/data")
    let writer = try await storage.driver.writer(at: upload, appending: true)
    try await writer.write("text")
    try await end.apply(writer)
    // Another writer may have the file, or its name, by then.
    let next = try await storage.elsewhere.writer(at: upload, appending: true)
    #expect(next.size == (end == .close ? 4 : 0))
    try await writer.close()
    try await writer.cancel()
    try await writer.cancel()
    try await writer.close()
    await expect(.failed) { try await writer.write("more") }
    await expect(.failed) { try await writer.commit(to: blob) }
    try await next.write(", and more")
    try await next.commit(to: path("/blobs/2/data"))
    #expect(try await storage.driver.text(path("/blobs/2/data")) == (end == .close ? "text, and more" : ", and more"))
    if end == .commit {
      #expect(try await storage.driver.text(blob) == "text")
    } else {
      await expect(.notFound) { _ = try await storage.driver.stat(blob) }
    }
  }

  @Test(arguments: DriverKind.withDirectories)
  func `a writer can be cancelled after a failure`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    try await driver.put("", at: path("/file"))
    let writer = try await driver.writer(at: path("/uploads/1/data"), appending: true)
    try await writer.write("text")
    await expect(.wrongKind) { try await writer.commit(to: path("/file/below")) }
    try await writer.cancel()
    await expect(.notFound) { _ = try await driver.stat(path("/uploads/1/data")) }
  }

  @Test(arguments: DriverKind.withDirectories)
  func `a writer whose file was removed says so when it is closed`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    let writer = try await driver.writer(at: path("/uploads/1/data"), appending: true)
    try await writer.write("text")
    try await driver.delete(path("/uploads"), durability: .process)
    await expect(.notFound) { try await writer.close() }
    try await writer.cancel()
    #expect(try await driver.walked(.root) == [])
  }

  @Test(arguments: DriverKind.allCases)
  func `a writer whose end fails has ended, and leaves another's file alone`(kind: DriverKind) async throws {
    let storage = try storage(kind)
    let upload = try path("/uploads/1/data")
    let writer = try await storage.driver.writer(at: upload, appending: true)
    try await writer.write("text")
    try await storage.driver.delete(path("/uploads"), durability: .process)
    try await storage.elsewhere.append("other", to: upload)
    await #expect(throws: StorageError.self) { try await writer.close() }
    try await writer.cancel()
    try await writer.close()
    await expect(.failed) { try await writer.write("more") }
    await expect(.failed) { try await writer.commit(to: path("/blobs/1/data")) }
    #expect(try await storage.elsewhere.stat(upload).size == 5)
  }

  @Test(arguments: DriverKind.allCases)
  func `a direct writer ends once, and leaves nothing unless it was committed`(kind: DriverKind) async throws {
    let driver = try storage(kind).driver
    let destination = try path("/blobs/1/data")
    for end in End.allCases {
      guard let writer = try await driver.directWriter(to: destination, length: 4) else { return }
      try await writer.write("text")
      try await end.apply(writer)
      try await writer.close()
      try await writer.cancel()
      await expect(.failed) { try await writer.write("more") }
      await expect(.failed) { try await writer.commit(to: destination) }
      #expect(try await driver.walked(.root).contains(destination.string) == (end == .commit))
    }
  }
}
