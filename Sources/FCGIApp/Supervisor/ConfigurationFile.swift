import CLinux
import Core
import Glibc

/// A configuration that was found to be valid, and the bytes that it was read from: a process that is started later
/// gets these, whatever has become of the file.
struct ConfigurationFile {
  /// What it says.
  let configuration: Configuration
  /// Its bytes, for processes that are started.
  let snapshot: Descriptor

  /// Processes, as configured or as there are cores that may be used.
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
