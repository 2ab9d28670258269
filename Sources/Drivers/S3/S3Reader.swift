import Core
import NIOCore

/// Reads one object as it arrives. If the connection is lost, requests the rest of the same object.
final class S3Reader: StorageReader {
  let size: Int64
  private let driver: S3Driver
  private let path: StoragePath
  private let key: String
  private let etag: String
  private var body: HTTPTransportResponse.Body?
  private var piece = ByteBuffer()
  private var position: Int64
  private var losses = 0

  /// How often the rest is requested again.
  private static let patience = 5

  /// nil where there is no such object.
  init?(_ driver: S3Driver, _ path: StoragePath, _ key: String, from offset: Int64) async throws(StorageError) {
    self.driver = driver
    self.path = path
    self.key = key
    position = offset
    typealias Opened = (response: HTTPTransportResponse?, size: Int64, etag: String)
    let opened = try await driver.perform("read", path) { () async throws(S3Failure) -> Opened? in
      do throws(S3Failure) {
        guard let response = try await driver.client.open(key, from: offset, etag: nil) else { return nil }
        return (response, try S3Reader.size(response, from: offset), response.field("ETag") ?? "")
      } catch  where error.status == 416 {
        return try await driver.client.head(key).map { (nil, $0.size, $0.etag) }
      }
    }
    guard let opened else { return nil }
    size = opened.size
    etag = opened.etag
    body = opened.response?.body
  }

  /// The size of the whole object. Throws if the answer does not begin at `offset`.
  private static func size(_ response: HTTPTransportResponse, from offset: Int64) throws(S3Failure) -> Int64 {
    guard response.status == 206 else {
      guard offset == 0, let size = response.field("Content-Length").flatMap({ S3Sizes.object($0) }) else {
        throw S3Failure(malformed: offset == 0 ? "Content-Length" : "Content-Range")
      }
      return size
    }
    guard let range = response.field("Content-Range"), range.hasPrefix("bytes \(offset)-"),
      let size = range.split(separator: "/").last.flatMap({ S3Sizes.object($0) })
    else { throw S3Failure(malformed: "Content-Range") }
    return size
  }

  func read(into buffer: IOBuffer) async throws(StorageError) -> Int {
    guard buffer.free > 0 else { return 0 }
    while piece.readableBytes == 0 {
      guard position < size else { return 0 }
      do throws(HTTPTransportError) {
        guard let next = try await body?.next() else { throw HTTPTransportError(.lost, "the answer broke off") }
        piece = next
      } catch {
        try await reopen(after: error)
      }
    }
    let count = buffer.take(&piece)
    position += Int64(count)
    return count
  }

  private func reopen(after error: HTTPTransportError) async throws(StorageError) {
    losses += 1
    guard error.code == .lost || error.code == .timeout, losses <= Self.patience, !etag.isEmpty else {
      throw StorageError(S3Failure(error), "read \(path)")
    }
    let response = try await driver.perform("read", path) { () async throws(S3Failure) -> HTTPTransportResponse? in
      guard let response = try await driver.client.open(key, from: position, etag: etag) else { return nil }
      guard try Self.size(response, from: position) == size else { throw S3Failure(malformed: "Content-Range") }
      return response
    }
    guard let response else { throw driver.notFound("read", path) }
    body = response.body
  }
}

extension IOBuffer {
  /// Takes as much of `piece` as there is room for.
  func take(_ piece: inout ByteBuffer) -> Int {
    append { room in
      piece.readWithUnsafeReadableBytes { bytes in
        let count = min(room.count, bytes.count)
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
        return count
      }
    }
  }
}
