import CLinux
import Glibc

/// What keeps a worker's memory small: threads share two heaps rather than having one each, and a buffer that
/// content streams through is given back to the system after use.
enum MemoryTuning {
  static func apply() {
    mallopt(M_ARENA_MAX, 2)
    mallopt(M_MMAP_THRESHOLD, 128 << 10)
    mallopt(M_TRIM_THRESHOLD, 256 << 10)
  }
}
