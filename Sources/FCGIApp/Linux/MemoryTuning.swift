import CLinux
import Glibc

/// Settings that keep the processes' memory small: threads share two malloc arenas, and a buffer for streaming is
/// returned to the system after use.
enum MemoryTuning {
  static func apply() {
    mallopt(M_ARENA_MAX, 2)
    mallopt(M_MMAP_THRESHOLD, 128 << 10)
    mallopt(M_TRIM_THRESHOLD, 256 << 10)
  }

  /// Releases the executable's pages (MADV_DONTNEED). Most of them only the start needs, which goes through all tables
  /// of types. Pages that are needed again come from the page cache.
  ///
  /// Only of segments that can't be written: their pages are the same as the file's.
  static func releaseCode() {
    guard let table = UnsafePointer<Elf64_Phdr>(bitPattern: getauxval(UInt(AT_PHDR))) else { return }
    let headers = UnsafeBufferPointer(start: table, count: Int(getauxval(UInt(AT_PHNUM))))
    guard let own = headers.first(where: { $0.p_type == PT_PHDR }) else { return }
    let base = UInt(bitPattern: table) &- UInt(own.p_vaddr)
    let page = UInt(getpagesize())
    for header in headers where header.p_type == PT_LOAD && header.p_flags & UInt32(PF_W) == 0 {
      let start = base &+ UInt(header.p_vaddr)
      let begin = start & ~(page - 1)
      _ = madvise(UnsafeMutableRawPointer(bitPattern: begin), Int(start + UInt(header.p_memsz) - begin), MADV_DONTNEED)
    }
  }
}
