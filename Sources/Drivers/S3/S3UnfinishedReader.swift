import Core
import NIOCore

/// Reads a file that was not committed yet, piece by piece.
final class S3UnfinishedReader: StorageReader {
  let size: Int64
  private let driver: S3Driver
  private let path: StoragePath
  private var rest: ArraySlice<(run: S3UnfinishedFile.Run, number: Int)>
  private var tail: ByteBuffer?
  /// Bytes to skip at the beginning of the next piece.
  private var skipped: Int64
  private var piece: S3Reader?

  init(_ driver: S3Driver, _ path: StoragePath, _ file: S3UnfinishedFile, from offset: Int64) {
    self.driver = driver
    self.path = path
    size = file.size
    rest = file.pieces[...]
    tail = file.tail
    skipped = offset
  }

  func read(into buffer: IOBuffer) async throws(StorageError) -> Int {
    guard buffer.free > 0 else { return 0 }
    while true {
      if let piece {
        let count = try await piece.read(into: buffer)
        if count > 0 { return count }
        self.piece = nil
      }
      guard let (run, number) = rest.popFirst() else { return readTail(into: buffer) }
      guard skipped < run.pieceSize else {
        skipped -= run.pieceSize
        continue
      }
      guard let next = try await S3Reader(driver, path, driver.keys.piece(path, run.writer, number), from: skipped)
      else {
        throw driver.notFound("read", path)
      }
      skipped = 0
      piece = next
    }
  }

  private func readTail(into buffer: IOBuffer) -> Int {
    guard var bytes = tail else { return 0 }
    bytes.moveReaderIndex(forwardBy: Int(min(skipped, Int64(bytes.readableBytes))))
    skipped = 0
    let count = buffer.take(&bytes)
    tail = bytes
    return count
  }
}
