import CLinux
import Core
import Glibc
import Synchronization

/// What all processes of a service share: a page of memory that the supervisor makes.
///
/// `@unchecked Sendable`: the counters and flags are atomic, the rest is written before there is a second process.
final class SharedSegment: @unchecked Sendable {
  /// For those who are given it.
  let descriptor: Descriptor
  private let base: UnsafeMutableRawPointer

  private static let size = 4096
  private static let magic: UInt64 = 0x4245_5254_4831  // "BERTH1"

  /// Names the form of what is shared. Processes with different ones must not serve one storage together: a deletion by
  /// the one would not reach the caches of the other.
  static var format: String { String(magic, radix: 16) + "-\(size)" }

  private enum Offset {
    static let magic = 0
    static let generation = 64
    static let health = 72
    static let secret = 128
    static let name = 192
    static let counters = 256
  }

  /// A new one, with a random secret.
  static func make() throws(SystemError) -> SharedSegment {
    let descriptor = try Descriptor.memory("berth-shared")
    guard ftruncate(descriptor.raw, off_t(size)) == 0 else { throw SystemError("ftruncate") }
    let segment = SharedSegment(descriptor, try map(descriptor))
    segment.base.storeBytes(of: magic, toByteOffset: Offset.magic, as: UInt64.self)
    var generator = SystemRandomNumberGenerator()
    for word in 0..<4 {
      segment.base.storeBytes(of: generator.next(), toByteOffset: Offset.secret + 8 * word, as: UInt64.self)
    }
    segment.base.storeBytes(of: generator.next(), toByteOffset: Offset.name, as: UInt64.self)
    return segment
  }

  /// One that another process made. nil where it is none of this version.
  static func open(_ descriptor: Descriptor) throws(SystemError) -> SharedSegment? {
    var status = stat()
    guard fstat(descriptor.raw, &status) == 0, Int(status.st_size) == size else { return nil }
    let segment = SharedSegment(descriptor, try map(descriptor))
    return segment.base.load(fromByteOffset: Offset.magic, as: UInt64.self) == magic ? segment : nil
  }

  private static func map(_ descriptor: Descriptor) throws(SystemError) -> UnsafeMutableRawPointer {
    let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.raw, 0)
    guard let base, base != MAP_FAILED else { throw SystemError("mmap") }
    return base
  }

  private init(_ descriptor: Descriptor, _ base: UnsafeMutableRawPointer) {
    self.descriptor = descriptor
    self.base = base
  }

  deinit {
    munmap(base, Self.size)
  }

  /// Grows whenever content was deleted, in any process: what was remembered before may be gone.
  var generation: UInt64 { generationCounter.pointee.load(ordering: .acquiring) }

  /// Says that content was deleted.
  func advanceGeneration() {
    generationCounter.pointee.add(1, ordering: .releasing)
  }

  /// Whether the storage answers, as the keeper has found.
  var isStorageHealthy: Bool {
    get { counter(at: Offset.health).pointee.load(ordering: .relaxed) == 0 }
    set { counter(at: Offset.health).pointee.store(newValue ? 0 : 1, ordering: .relaxed) }
  }

  private var generationCounter: UnsafeMutablePointer<Atomic<UInt64>> { counter(at: Offset.generation) }

  private func counter(at offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Tells this service's segment from those of others: letters and digits.
  var name: String { String(base.load(fromByteOffset: Offset.name, as: UInt64.self), radix: 16) }

  /// What caches have done, in all processes together.
  subscript(event: CacheMeter.Event) -> UInt64 {
    counter(at: Offset.counters + 8 * event.rawValue).pointee.load(ordering: .relaxed)
  }

  /// Counts for all processes.
  func count(_ event: CacheMeter.Event, _ number: UInt64) {
    counter(at: Offset.counters + 8 * event.rawValue).pointee.wrappingAdd(number, ordering: .relaxed)
  }

  /// Signs upload states where the configuration names no secret: 64 hexadecimal digits. Lives as long as the service.
  var secret: String {
    let digits = Array("0123456789abcdef".utf8)
    let text = UnsafeRawBufferPointer(start: base + Offset.secret, count: 32).flatMap {
      [digits[Int($0 >> 4)], digits[Int($0 & 15)]]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
