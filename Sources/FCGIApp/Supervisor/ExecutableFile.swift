import CLinux
import Glibc

/// The file that this process was started from, by the path that named it: a symbolic link, perhaps.
struct ExecutableFile {
  /// Absolute.
  let path: String

  /// Call it before the working directory changes: the path may be relative to it.
  init() {
    // The path that was given to execve, after a shell has searched PATH.
    let name = UnsafePointer<CChar>(bitPattern: getauxval(UInt(AT_EXECFN))).map { String(cString: $0) } ?? ""
    if name.isEmpty || name.hasPrefix("/proc/") || name.hasPrefix("/dev/fd/") {
      // The name of a descriptor, which may be another file by now.
      path = Self.resolved("/proc/self/exe") ?? name
    } else if name.hasPrefix("/") {
      path = name
    } else {
      path = Self.workingDirectory.map { "\($0)/\(name)" } ?? Self.resolved("/proc/self/exe") ?? name
    }
  }

  /// Whether its path now names another file than the one that runs.
  var isReplaced: Bool {
    var running = stat()
    var found = stat()
    guard stat("/proc/self/exe", &running) == 0, stat(path, &found) == 0 else { return false }
    return running.st_dev != found.st_dev || running.st_ino != found.st_ino
  }

  private static var workingDirectory: String? {
    guard let folder = getcwd(nil, 0) else { return nil }
    defer { free(folder) }
    return String(cString: folder)
  }

  private static func resolved(_ link: String) -> String? {
    guard let target = realpath(link, nil) else { return nil }
    defer { free(target) }
    return String(cString: target)
  }
}
