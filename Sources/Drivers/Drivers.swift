public import Core

public final class FilesystemDriver: StorageDriver {
  public init(rootDirectory: String, maxThreads: Int, accelPrefix: String?) throws {}
  public var name: String { "x" }
  public func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] { [] }
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {}
  public func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    throw StorageError(.failed, "")
  }
  public func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    throw StorageError(.failed, "")
  }
  public func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry { throw StorageError(.failed, "") }
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] { [] }
  public func move(_ source: StoragePath, to destination: StoragePath) async throws(StorageError) {}
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {}
  public func directURL(for path: StoragePath) async throws(StorageError) -> DirectURL? { nil }
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? { nil }
}

public final class InMemoryDriver: StorageDriver {
  public init() {}
  public var name: String { "x" }
  public func content(at path: StoragePath, limit: Int) async throws(StorageError) -> [UInt8] { [] }
  public func put(_ content: [UInt8], at path: StoragePath, durability: Durability) async throws(StorageError) {}
  public func reader(at path: StoragePath, from offset: Int64) async throws(StorageError) -> any StorageReader {
    throw StorageError(.failed, "")
  }
  public func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    throw StorageError(.failed, "")
  }
  public func stat(_ path: StoragePath) async throws(StorageError) -> StorageEntry { throw StorageError(.failed, "") }
  public func list(_ path: StoragePath) async throws(StorageError) -> [String] { [] }
  public func move(_ source: StoragePath, to destination: StoragePath) async throws(StorageError) {}
  public func delete(_ path: StoragePath, durability: Durability) async throws(StorageError) {}
  public func directURL(for path: StoragePath) async throws(StorageError) -> DirectURL? { nil }
  public func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? { nil }
}
