import CLinux
import Core
import Glibc

extension ConfigurationFile {
  /// Reads a configuration. Throws all problems if one keeps the service from starting; `warn` gets the others.
  static func load(
    path: String, environment: [String: String], warn: (ConfigurationProblem) -> Void
  ) throws -> ConfigurationFile {
    let bytes = try contents(of: open(path, O_RDONLY | O_CLOEXEC), name: path)
    let loaded = try Configuration.parse(bytes, name: path, environment: environment)
    try Composition.check(loaded, missing: Composition.missing(loaded, as: .error))
    loaded.warnings.forEach(warn)
    let snapshot = try Descriptor.memory("berth-configuration")
    Descriptor.write(bytes, to: snapshot.raw)
    return ConfigurationFile(configuration: loaded.configuration, snapshot: snapshot)
  }

  /// The configuration that the previous executable has used.
  static func left(_ snapshot: Descriptor, environment: [String: String]) throws -> ConfigurationFile {
    let raw = open("/proc/self/fd/\(snapshot.raw)", O_RDONLY | O_CLOEXEC)
    let bytes = try contents(of: raw, name: "the configuration")
    let loaded = try Configuration.parse(bytes, name: "the configuration", environment: environment)
    return ConfigurationFile(configuration: loaded.configuration, snapshot: snapshot)
  }

  /// The configuration that the supervisor gave to this process.
  static func inherited(_ environment: [String: String]) throws -> Configuration {
    // Opened again, because all processes that have the descriptor share its position.
    let raw = open("/proc/self/fd/\(InheritedDescriptor.configuration)", O_RDONLY | O_CLOEXEC)
    let bytes = try contents(of: raw, name: "the configuration")
    return try Configuration.parse(bytes, name: "the configuration", environment: environment).configuration
  }

  private static func contents(of raw: Int32, name: String) throws(SystemError) -> [UInt8] {
    guard raw >= 0 else { throw SystemError("can't read \(name)") }
    let descriptor = Descriptor(raw)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    // No configuration is that long. Bounds the memory if the path is wrong.
    while bytes.count < 16 << 20 {
      let count = read(descriptor.raw, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SystemError("can't read \(name)") }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    return bytes
  }
}
