import Glibc

/// A block of memory of fixed capacity that is filled and emptied again and again while content streams
/// through it, so that bytes are copied once from the socket and never between layers.
///
/// Owns its memory, which is why the unsafe pointers stay inside. Belongs to one task at a time.
public final class IOBuffer {
  /// Bytes that fit.
  public let capacity: Int
  /// Bytes that it holds.
  public private(set) var count = 0
  private let base: UnsafeMutableRawPointer

  /// The size that uploads and copies stream with: large enough that a system call's cost vanishes.
  public static let streamingCapacity = 256 << 10

  /// An empty buffer.
  public init(capacity: Int = IOBuffer.streamingCapacity) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 4096)
  }

  deinit {
    base.deallocate()
  }

  /// What it holds.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// Whether another one holds the same bytes.
  func holdsSame(as other: IOBuffer) -> Bool {
    count == other.count && memcmp(base, other.base, count) == 0
  }

  /// Bytes that can still be added.
  public var free: Int { capacity - count }

  /// Forgets the content.
  public func removeAll() {
    count = 0
  }

  /// Forgets the last `number` bytes.
  public func removeLast(_ number: Int) {
    precondition((0...count).contains(number), "fewer bytes than are to be forgotten")
    count -= number
  }

  /// Adds what `fill` writes to the start of the free memory, at most `limit` bytes.
  /// - Returns: the number that `fill` returned, which is added to `count` where it is positive.
  public func append<Failure: Error>(
    limit: Int = .max,
    _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    let room = UnsafeMutableRawBufferPointer(start: base + count, count: min(free, max(0, limit)))
    let added = try fill(room)
    precondition(added <= room.count, "more bytes than there was room for")
    count += max(0, added)
    return added
  }
}
