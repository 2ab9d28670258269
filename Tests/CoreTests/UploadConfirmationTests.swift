import Drivers
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Core

/// What an upload makes of storage that shows something else than what was written.
@Suite struct UploadConfirmationTests {
  private let memory = InMemoryDriver()
  private let name: RepositoryName
  private let content = TestContent.bytes(100_000)
  private let any = UploadChunk(length: nil)

  init() throws {
    name = try #require(RepositoryName("team/alpha"))
  }

  private func uploads(_ driver: any StorageDriver) -> UploadService {
    Registry(driver: driver).repository(name).uploads
  }

  private func blob(_ digest: Digest) async throws -> LinkedBlobStore.Blob? {
    try await Registry(driver: memory).repository(name).blobs.resolve(digest)
  }

  @Test(arguments: [0, 1, 3], [true, false])
  func `a finished upload waits until the storage shows its content`(lag: Int, isMissing: Bool) async throws {
    let digest = TestContent.digest(content)
    let lagging = LaggingDriver(memory, digest, lag: lag, isMissing: isMissing)
    let upload = try await uploads(lagging.driver).begin()
    try await uploads(lagging.driver).open(upload.id).finish(MemoryBody(content), any, as: digest)
    #expect(lagging.looks == lag + 1)
    #expect(try await blob(digest)?.size == 100_000)
  }

  @Test func `content that the storage does not show is refused, and found by whoever closes the upload again`()
    async throws
  {
    let digest = TestContent.digest(content)
    let lagging = LaggingDriver(memory, digest, lag: 4, isMissing: true)
    let upload = try await uploads(lagging.driver).begin()
    try await uploads(lagging.driver).open(upload.id).append(MemoryBody(content), any)
    let error = await #expect(throws: RegistryError.self) {
      try await uploads(lagging.driver).open(upload.id).finish(MemoryBody([]), any, as: digest)
    }
    #expect(error?.status == .serviceUnavailable)
    #expect(lagging.looks == 4)
    #expect(try await blob(digest) == nil)
    try await uploads(lagging.driver).open(upload.id).finish(MemoryBody([]), any, as: digest)
    #expect(try await blob(digest)?.size == 100_000)
  }

  @Test func `where the storage is consistent, nothing is looked at again`() async throws {
    let digest = TestContent.digest(content)
    let lagging = LaggingDriver(memory, digest, lag: 0, isMissing: true, isEventuallyConsistent: false)
    let upload = try await uploads(lagging.driver).begin()
    try await uploads(lagging.driver).open(upload.id).finish(MemoryBody(content), any, as: digest)
    #expect(lagging.looks == 0)
  }

  @Test func `an upload whose content a failed sync took is not taken for one that was moved`() async throws {
    let digest = TestContent.digest(content)
    let data = memory
    let failing = HookedDriver(memory) { call async throws(StorageError) in
      guard call.name == "commit" else { return }
      // As the driver does: what the kernel lost, no second sync may call safe.
      try await data.delete(call.path, durability: .process)
      throw StorageError(.failed, "commit \(call.path)", cause: "Input/output error")
    }
    let upload = try await uploads(failing).begin()
    try await uploads(failing).open(upload.id).append(MemoryBody(content), any)
    await #expect(throws: RegistryError.self) {
      try await uploads(failing).open(upload.id).finish(MemoryBody([]), any, as: digest)
    }
    let error = await #expect(throws: RegistryError.self) {
      try await uploads(memory).open(upload.id).finish(MemoryBody([]), any, as: digest)
    }
    #expect(error?.entries.first?.code == .digestInvalid)
    #expect(try await blob(digest) == nil)
    #expect(try await BlobStore(driver: memory).size(of: digest) == nil)
  }

  @Test(arguments: [0, 50_000])
  func `a hash state that outlived its bytes is never used for others`(left: Int) async throws {
    let digest = TestContent.digest(content)
    let other = TestContent.bytes(100_000, seed: 3)
    let upload = try await uploads(memory).begin()
    try await uploads(memory).open(upload.id).append(MemoryBody(content), any)
    // A loss of power cuts the data short; then a worker is killed before it keeps its own state.
    try await memory.put(
      Array(content[..<left]), at: StorageLayout.uploadData(name, upload.id), durability: .process)
    let killed = HookedDriver(memory) { call async throws(StorageError) in
      if call.name == "put" { throw StorageError(.failed, "put \(call.path)") }
    }
    try await uploads(killed).open(upload.id).append(MemoryBody(Array(other[left...])), any)
    #expect(try await uploads(memory).find(upload.id).size == 100_000)
    let error = await #expect(throws: RegistryError.self) {
      try await uploads(memory).open(upload.id).finish(MemoryBody([]), any, as: digest)
    }
    #expect(error?.entries.first?.code == .digestInvalid)
    #expect(try await blob(digest) == nil)
  }
}

/// Storage that shows what was committed only after some looks: till then nothing, or something shorter.
private final class LaggingDriver: Sendable {
  let driver: HookedDriver
  private let counter: Counter
  var looks: Int { counter.looks.load(ordering: .relaxed) }

  private final class Counter: Sendable {
    let isCommitted = Atomic<Bool>(false)
    let looks = Atomic<Int>(0)
  }

  init(
    _ memory: InMemoryDriver, _ digest: Digest, lag: Int, isMissing: Bool, isEventuallyConsistent: Bool = true
  ) {
    let counter = Counter()
    self.counter = counter
    let path = StorageLayout.blobData(digest)
    let whole = path.parent / "whole"
    driver = HookedDriver(memory, isEventuallyConsistent: isEventuallyConsistent) { call async throws(StorageError) in
      if call.name == "commit" { counter.isCommitted.store(true, ordering: .relaxed) }
      guard call.name == "stat", call.path == path, counter.isCommitted.load(ordering: .relaxed) else { return }
      let look = counter.looks.add(1, ordering: .relaxed).oldValue
      if look < lag, isMissing { throw StorageError(.notFound, "stat \(call.path)") }
      if !isMissing, lag > 0, look == 0 {
        try await memory.move(path, to: whole, durability: .process)
        try await memory.put([1], at: path, durability: .process)
      }
      if !isMissing, lag > 0, look == lag { try await memory.move(whole, to: path, durability: .process) }
    }
  }
}
