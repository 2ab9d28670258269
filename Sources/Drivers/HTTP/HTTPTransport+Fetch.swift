public import Core
import NIOCore

extension HTTPTransport {
  /// A document by its URL: all of it, which is `limit` bytes at the most, within `timeout` for its head. Follows no
  /// redirect.
  public func document(at url: String, limit: Int, within timeout: Duration) async throws(StorageError) -> [UInt8] {
    do throws(HTTPTransportError) {
      let response = try await send(HTTPTransportRequest("GET", url), within: timeout)
      guard response.status == 200 else { throw HTTPTransportError(.lost, "the answer's status is \(response.status)") }
      return Array(try await response.content(limit: limit).readableBytesView)
    } catch {
      throw StorageError(.unavailable, "get \(url)", cause: error.description)
    }
  }
}
