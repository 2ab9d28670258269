import CLinux
import Glibc

/// What keeps the processes' memory small: threads share two heaps rather than having one each, and a buffer that
/// content streams through is given back to the system after use.
enum MemoryTuning {
  static func apply() {
    mallopt(M_ARENA_MAX, 2)
    mallopt(M_MMAP_THRESHOLD, 128 << 10)
    mallopt(M_TRIM_THRESHOLD, 256 << 10)
  }

  /// Lets go of the executable's pages, most of which only what has just been done has needed: the start goes through
  /// all tables of types. What is needed again comes back from the page cache.
  ///
  /// Only of segments that can't be written: those are the file's, page for page.
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
