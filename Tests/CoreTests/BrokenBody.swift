import TestSupport

@testable import Core

/// A body that fails after its first bytes.
final class BrokenBody: RequestBody {
  private let bytes: MemoryBody
  private let error: RequestBodyError

  init(_ bytes: [UInt8], _ error: RequestBodyError) {
    self.bytes = MemoryBody(bytes)
    self.error = error
  }

  func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int {
    let count = try await bytes.read(into: buffer)
    guard count > 0 else { throw error }
    return count
  }
}
