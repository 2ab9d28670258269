import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// What an upload does when things break, below HTTP.
@Suite struct UploadSessionTests {
  private let driver = WatchedDriver()
  private let repository: Repository

  init() throws {
    repository = Registry(driver: driver).repository(try #require(RepositoryName("team/alpha")))
  }

  private var uploads: UploadService { repository.uploads }
  private let any = UploadChunk(length: nil)

  private func append(_ id: UploadID, _ body: any RequestBody, _ chunk: UploadChunk? = nil) async throws {
    try await uploads.open(id).append(body, chunk ?? any)
  }

  private func finish(_ id: UploadID, _ content: [UInt8] = [], as digest: Digest) async throws {
    try await uploads.open(id).finish(MemoryBody(content), any, as: digest)
  }

  private func blob(_ digest: Digest) async throws -> [UInt8]? {
    guard let blob = try await repository.blobs.resolve(digest) else { return nil }
    return try await repository.registry.blobs.content(of: blob.content, limit: .max)
  }

  @Test(arguments: Digest.Algorithm.allCases)
  func `what was hashed on arrival is not read again`(algorithm: Digest.Algorithm) async throws {
    let content = TestContent.bytes(1_000_000)
    let upload = try await uploads.begin(algorithm)
    for piece in [0..<300_000, 300_000..<300_001, 300_001..<999_000] {
      try await append(upload.id, MemoryBody(Array(content[piece])))
    }
    let digest = TestContent.digest(content, algorithm)
    try await finish(upload.id, Array(content[999_000...]), as: digest)
    #expect(driver.readers == 0)
    #expect(try await blob(digest) == content)
    await #expect(throws: StorageError.self) {
      _ = try await driver.list(StorageLayout.upload(repository.name, upload.id))
    }
  }

  @Test func `a digest of another algorithm is computed by reading back`() async throws {
    let content = TestContent.bytes(300_000)
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody(content))
    let digest = TestContent.digest(content, .sha512)
    try await finish(upload.id, as: digest)
    #expect(driver.readBack == content.count)
    #expect(try await blob(digest) == content)
  }

  @Test func `a broken body leaves what arrived, hashed, to be gone on from`() async throws {
    let content = TestContent.bytes(700_000)
    let upload = try await uploads.begin()
    await #expect(throws: RegistryError.self) {
      try await append(upload.id, BrokenBody(Array(content[..<500_123]), .clientGone))
    }
    #expect(try await uploads.find(upload.id).size == 500_123)
    try await append(upload.id, MemoryBody(Array(content[500_123...])))
    try await finish(upload.id, as: TestContent.digest(content))
    #expect(driver.readers == 0)
  }

  @Test func `a broken closing body leaves the upload`() async throws {
    let content = TestContent.bytes(700_000)
    let digest = TestContent.digest(content)
    let upload = try await uploads.begin()
    await #expect(throws: RegistryError.self) {
      try await uploads.open(upload.id).finish(BrokenBody(Array(content[..<400_000]), .clientGone), any, as: digest)
    }
    #expect(try await blob(digest) == nil)
    try await finish(upload.id, Array(content[400_000...]), as: digest)
    #expect(try await blob(digest) == content)
    #expect(driver.readers == 0)
  }

  @Test func `a body that never begins changes nothing`() async throws {
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody([1, 2, 3]))
    let error = await #expect(throws: RegistryError.self) { try await append(upload.id, BrokenBody([], .overloaded)) }
    #expect(error?.status == .serviceUnavailable)
    #expect(error?.fields[.retryAfter] != nil)
    #expect(try await uploads.find(upload.id).size == 3)
  }

  @Test(arguments: [0, 4095, 262_144, 400_000])
  func `a full disk takes the upload with it, and the answer says so`(room: Int) async throws {
    let content = TestContent.bytes(600_000)
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody(Array(content[..<1000])))
    driver.room.store(room, ordering: .relaxed)
    let error = await #expect(throws: RegistryError.self) {
      try await append(upload.id, MemoryBody(Array(content[1000...])))
    }
    #expect(error?.status == .serviceUnavailable)
    #expect(error?.description.contains("the upload is gone") == true)
    #expect(try await driver.names(in: StorageLayout.uploads(repository.name)).isEmpty)
    let gone = await #expect(throws: RegistryError.self) { try await uploads.find(upload.id) }
    #expect(gone?.status == .notFound)
  }

  @Test func `only what no state covers is hashed again after a crash`() async throws {
    let content = TestContent.bytes(500_000)
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody(Array(content[..<200_000])))
    try await appendUnhashed(upload.id, Array(content[200_000..<350_000]))
    try await append(upload.id, MemoryBody(Array(content[350_000...])))
    #expect(driver.readBack == 150_000)
    try await finish(upload.id, as: TestContent.digest(content))
    #expect(driver.readBack == 150_000)
  }

  @Test func `a closing request that died between content and link is made good by the next`() async throws {
    let content = TestContent.bytes(100_000)
    let digest = TestContent.digest(content)
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody(content))
    try await driver.move(
      StorageLayout.uploadData(repository.name, upload.id), to: StorageLayout.blobData(digest), durability: .powerLoss)
    // Nobody gets what another digest names.
    let other = try await uploads.begin()
    try await append(other.id, MemoryBody(Array(content.reversed())))
    try await driver.delete(StorageLayout.uploadData(repository.name, other.id), durability: .process)
    await #expect(throws: RegistryError.self) { try await finish(other.id, as: digest) }
    #expect(try await blob(digest) == nil)
    try await finish(upload.id, as: digest)
    #expect(try await blob(digest) == content)
  }

  @Test func `states that can't be right are passed over`() async throws {
    let content = TestContent.bytes(100_000)
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody(Array(content[..<40_000])))
    try await appendUnhashed(upload.id, Array(content[40_000...]))
    let states = StorageLayout.uploadHashStates(repository.name, upload.id, .sha256)
    // Of more than there is, of other bytes than its name says, of another algorithm, torn, and no number.
    let hasher = ContentHasher(.sha256)
    for (name, state) in [
      ("200000", hasher.state), ("90000", hasher.state), ("80000", ContentHasher(.sha512).state), ("70000", []),
      ("99999999999999999999", hasher.state), ("-1", hasher.state), ("x", hasher.state),
      ("60000", [UInt8](repeating: 0, count: 5000)),
    ] {
      try await driver.put(state, at: states / name, durability: .process)
    }
    try await finish(upload.id, as: TestContent.digest(content))
    #expect(driver.readBack == 60_000)
  }

  @Test func `data that a loss of power cut short is hashed as it is`() async throws {
    let content = TestContent.bytes(100_000)
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody(content))
    let path = StorageLayout.uploadData(repository.name, upload.id)
    try await driver.put(Array(content[..<30_000]), at: path, durability: .process)
    #expect(try await uploads.find(upload.id).size == 30_000)
    try await append(upload.id, MemoryBody(Array(content[30_000...])))
    try await finish(upload.id, as: TestContent.digest(content))
  }

  @Test func `other content than was announced takes the upload with it`() async throws {
    let digest = TestContent.digest(TestContent.bytes(10))
    let upload = try await uploads.begin()
    try await append(upload.id, MemoryBody(TestContent.bytes(10, seed: 1)))
    let error = await #expect(throws: RegistryError.self) { try await finish(upload.id, as: digest) }
    #expect(error?.entries.first?.code == .digestInvalid)
    #expect(try await blob(digest) == nil)
    await #expect(throws: RegistryError.self) { _ = try await uploads.find(upload.id) }
  }

  @Test func `content that is there whole is left, and torn content replaced`() async throws {
    let content = TestContent.bytes(50_000)
    let digest = TestContent.digest(content)
    let path = StorageLayout.blobData(digest)
    try await driver.put(Array(content[..<100]), at: path, durability: .process)
    for _ in 0..<2 {
      let upload = try await uploads.begin()
      try await finish(upload.id, content, as: digest)
      #expect(try await blob(digest) == content)
    }
    #expect(try await driver.list(StorageLayout.uploads(repository.name)).isEmpty)
  }

  @Test func `a second writer is refused and changes nothing`() async throws {
    let upload = try await uploads.begin()
    let first = try await uploads.open(upload.id)
    let error = await #expect(throws: RegistryError.self) { _ = try await uploads.open(upload.id) }
    #expect(error?.status == .conflict)
    try await first.append(MemoryBody([1, 2, 3]), any)
    #expect(try await uploads.find(upload.id).size == 3)
  }

  @Test(arguments: [(4, 3), (2, 3)] as [(Int64, Int)])
  func `a body is held to its length`(length: Int64, count: Int) async throws {
    let upload = try await uploads.begin()
    let error = await #expect(throws: RegistryError.self) {
      try await append(upload.id, MemoryBody(TestContent.bytes(count)), UploadChunk(length: length))
    }
    #expect(error?.entries.first?.code == .sizeInvalid)
    #expect(try await uploads.find(upload.id).size == min(length, Int64(count)))
  }

  /// As a worker does that is killed before it keeps the hash.
  private func appendUnhashed(_ id: UploadID, _ bytes: [UInt8]) async throws {
    let writer = try await driver.writer(at: StorageLayout.uploadData(repository.name, id), appending: true)
    try await writer.write(bytes.span.bytes)
    try await writer.close()
  }

  /// A body that fails after some bytes.
}
