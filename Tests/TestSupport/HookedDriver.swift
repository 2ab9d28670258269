package import Core

/// A driver that a test can get in the way of: before each call it asks a hook, which may wait, change something
/// beneath, or throw.
package final class HookedDriver: ObservedDriver {
  package typealias Call = DriverCall

  package let base: any StorageDriver
  package let traits: DriverTraits
  private let url: DirectURL?
  private let hook: @Sendable (Call) async throws(StorageError) -> Void

  /// - Parameter url: of everything; nil: as the driver says.
  package init(
    _ base: any StorageDriver, isEventuallyConsistent: Bool = false, concurrency: Int = 1, url: DirectURL? = nil,
    hook: @escaping @Sendable (Call) async throws(StorageError) -> Void
  ) {
    self.base = base
    traits = DriverTraits(
      name: base.name, isEventuallyConsistent: isEventuallyConsistent, concurrency: concurrency,
      removalTiming: base.removalTiming)
    self.url = url
    self.hook = hook
  }

  package func willCall(_ call: DriverCall) async throws(StorageError) {
    try await hook(call)
  }

  package func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    try await hook(Call("writer", path, isMutation: true))
    return HookedWriter(try await base.writer(at: path, appending: appending), path, hook)
  }

  package func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? {
    guard let writer = try await base.directWriter(to: destination, length: length) else { return nil }
    try await hook(Call("directWriter", destination, isMutation: true))
    return HookedWriter(writer, destination, hook)
  }

  package func directURL(
    for path: StoragePath, answering request: DownloadRequest
  ) async throws(StorageError) -> DirectURL? {
    if let url { return url }
    return try await base.directURL(for: path, answering: request)
  }

  /// Without asking: whether a list is read again must not depend on the hook.
  package func changeToken(of directory: StoragePath) async throws(StorageError) -> ChangeToken? {
    try await base.changeToken(of: directory)
  }
}

/// A writer whose commit asks the hook, too.
private final class HookedWriter: StorageWriter {
  private let writer: any StorageWriter
  private let path: StoragePath
  private let hook: @Sendable (HookedDriver.Call) async throws(StorageError) -> Void
  var size: Int64 { writer.size }

  init(
    _ writer: any StorageWriter, _ path: StoragePath,
    _ hook: @escaping @Sendable (HookedDriver.Call) async throws(StorageError) -> Void
  ) {
    self.writer = writer
    self.path = path
    self.hook = hook
  }

  func write(_ bytes: RawSpan) async throws(StorageError) { try await writer.write(bytes) }
  func close() async throws(StorageError) { try await writer.close() }
  func commit(to destination: StoragePath) async throws(StorageError) {
    try await hook(HookedDriver.Call("commit", path, isMutation: true))
    try await writer.commit(to: destination)
  }
  func cancel() async throws(StorageError) { try await writer.cancel() }
}
