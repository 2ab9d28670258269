import CLinux
import Core
import Glibc

/// A valid configuration, and the bytes that it was read from: processes that are started later get these, even if the
/// file has changed.
struct ConfigurationFile {
  /// What it says.
  let configuration: Configuration
  /// Its bytes, for processes that are started.
  let snapshot: Descriptor

  /// Number of workers: as configured, or one per available core.
  var workers: Int {
    if let workers = configuration.fastcgi.workers { return workers }
    if case .inMemory = configuration.storage.driver { return 1 }
    return Self.usableCores
  }

  static var usableCores: Int {
    var mask = [UInt](repeating: 0, count: 128)
    guard sched_getaffinity(0, UInt(mask.count * MemoryLayout<UInt>.size), &mask) == 0 else { return 1 }
    return max(1, mask.reduce(0) { $0 + $1.nonzeroBitCount })
  }
}
