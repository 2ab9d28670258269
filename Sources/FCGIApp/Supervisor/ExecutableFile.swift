import CLinux
import Glibc

/// The file that this process was started from, by the path that named it: a symbolic link, perhaps.
struct ExecutableFile {
  /// Absolute.
  let path: String

  init() {
    // What execve was given, with which a shell has looked through PATH.
    let name = UnsafePointer<CChar>(bitPattern: getauxval(UInt(AT_EXECFN))).map { String(cString: $0) } ?? ""
    if name.hasPrefix("/"), !name.hasPrefix("/proc/") {
      path = name
    } else {
      path = Self.resolved("/proc/self/exe") ?? name
    }
  }

  /// Whether another file than the one that runs has its path now.
  var isReplaced: Bool {
    var running = stat()
    var found = stat()
    guard stat("/proc/self/exe", &running) == 0, stat(path, &found) == 0 else { return false }
    return running.st_dev != found.st_dev || running.st_ino != found.st_ino
  }

  private static func resolved(_ link: String) -> String? {
    guard let target = realpath(link, nil) else { return nil }
    defer { free(target) }
    return String(cString: target)
  }
}
