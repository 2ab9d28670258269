import CLinux
import Core
import Glibc
import Synchronization

/// Memory that all processes of a service share, created by the supervisor.
///
/// `@unchecked Sendable`: the counters and flags are atomic, the rest is written before there is a second process.
final class SharedSegment: @unchecked Sendable {
  /// The memory's descriptor, which other processes inherit.
  let descriptor: Descriptor
  private let base: UnsafeMutableRawPointer

  private static let size = 4096
  private static let magic: UInt64 = 0x4245_5254_4831  // "BERTH1"

  /// Version of the memory's layout. Processes with different versions must not serve one storage together: a deletion
  /// by one would not reach the other's caches.
  static var format: String { String(magic, radix: 16) + "-\(size)" }

  private enum Offset {
    static let magic = 0
    static let generation = 64
    static let health = 72
    static let secret = 128
    static let name = 192
    static let counters = 256
  }

  /// A new segment, with a random secret.
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

  /// A segment that another process created. nil where it has another version.
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

  /// Grows whenever any process has deleted content: cache entries of earlier values are void.
  var generation: UInt64 { generationCounter.pointee.load(ordering: .acquiring) }

  /// Call it after content was deleted.
  func advanceGeneration() {
    generationCounter.pointee.add(1, ordering: .releasing)
  }

  /// Whether the storage answered the keeper's last check.
  var isStorageHealthy: Bool {
    get { counter(at: Offset.health).pointee.load(ordering: .relaxed) == 0 }
    set { counter(at: Offset.health).pointee.store(newValue ? 0 : 1, ordering: .relaxed) }
  }

  private var generationCounter: UnsafeMutablePointer<Atomic<UInt64>> { counter(at: Offset.generation) }

  private func counter(at offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Identifies this service's segment: letters and digits.
  var name: String { String(base.load(fromByteOffset: Offset.name, as: UInt64.self), radix: 16) }

  /// Counters of the caches, summed over all processes.
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
