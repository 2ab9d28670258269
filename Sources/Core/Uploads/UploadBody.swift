/// Takes a request's body in large pieces and holds it to its length.
struct UploadBody {
  private let body: any RequestBody
  private let length: Int64?
  private var received: Int64 = 0
  /// Whether the body has ended, as it should have.
  private(set) var isAtEnd = false

  /// A body of `length` bytes; nil: of however many come.
  init(_ body: any RequestBody, length: Int64?) {
    self.body = body
    self.length = length
  }

  /// Fills a buffer, as far as the body goes. Everything in the buffer is good, also where the body then failed.
  /// - Returns: why no more can come, other than that the body is complete.
  mutating func fill(_ buffer: IOBuffer) async -> RegistryError? {
    do {
      while buffer.free > 0 {
        let count = try await body.read(into: buffer)
        guard count > 0 else {
          isAtEnd = true
          return length.map { received < $0 } ?? false ? UploadBody.lengthMismatch : nil
        }
        received += Int64(count)
        if let length, received > length {
          buffer.removeLast(Int(received - length))
          return UploadBody.lengthMismatch
        }
      }
      return nil
    } catch {
      return RegistryError(body: error)
    }
  }

  private static let lengthMismatch = RegistryError(
    .sizeInvalid, "the body is not as long as Content-Length or Content-Range says")
}

extension IOBuffer {
  /// What streams `length` bytes, or however many come, without taking more memory than they need.
  static func capacity(forStreaming length: Int64?) -> Int {
    Int(min(Int64(streamingCapacity), max(4096, length ?? .max)))
  }
}
