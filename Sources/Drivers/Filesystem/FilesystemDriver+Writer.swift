public import Core
import Glibc

extension FilesystemDriver {
  /// Locks the file itself (`flock`), so that the lock ends with the process that holds it and moves with the file.
  public func writer(at path: StoragePath, appending: Bool) async throws(StorageError) -> any StorageWriter {
    try untilFree("write \(path)", patience: patience) { () throws(StorageError) in
      try perform(.write, path) { file throws(Errno) in try openWriter(path, file, appending: appending) }
    }
  }

  /// nil: a rename costs the same however long the file is.
  public func directWriter(
    to destination: StoragePath, length: Int64?
  ) async throws(StorageError) -> (any StorageWriter)? { nil }

  /// nil where another has the file.
  private func openWriter(
    _ path: StoragePath, _ file: String, appending: Bool
  ) throws(Errno) -> FilesystemWriter? {
    while true {
      var descriptor = try creating(in: parent(of: file)) { () throws(Errno) in
        try lookup.open(file, O_WRONLY | O_CREAT)
      }
      guard try descriptor.lock() else { return nil }
      let status = try descriptor.status()
      // Between the two calls the file may have been committed to another path, or removed.
      guard (try? lookup.status(of: file))?.identity == status.identity else { continue }
      try status.requireFile()
      if !appending, status.st_size > 0 { try descriptor.truncate() }
      return FilesystemWriter(
        self, path, descriptor, identity: status.identity,
        size: appending ? ByteCount.clamped(Int64(status.st_size)) : 0)
    }
  }
}
