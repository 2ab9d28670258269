import Dispatch

/// The hash of content that streams by: some buffers are hashed on another core while the next one arrives and is
/// written.
///
/// A queue of its own has a thread when it needs one, however many of Swift's are blocked.
///
/// `@unchecked Sendable`: `hasher` is touched on the queue alone.
final class BackgroundHash: @unchecked Sendable {
  private let queue = DispatchQueue(label: "berth.hash")
  private let places = DispatchSemaphore(value: BackgroundHash.depth)
  private var hasher: ContentHasher

  /// Buffers that wait at the most, so that neither side stops for each step of the other.
  static let depth = 3

  /// Goes on from `hasher`.
  init(_ hasher: ContentHasher) {
    self.hasher = hasher
  }

  /// Takes the first `count` bytes of a buffer, which must not be changed before this has returned ``depth`` times
  /// more, or another method has.
  func begin(_ buffer: IOBuffer, first count: Int) {
    places.wait()
    // Read on the queue alone until then, as the caller promises.
    nonisolated(unsafe) let buffer = buffer
    queue.async {
      self.hasher.update(buffer.bytes.extracting(first: count))
      self.places.signal()
    }
  }

  /// Takes the first `count` bytes of a buffer at once.
  func update(_ buffer: IOBuffer, first count: Int) {
    queue.sync { hasher.update(buffer.bytes.extracting(first: count)) }
  }

  /// Over all that was taken.
  var current: ContentHasher { queue.sync { hasher } }
}
