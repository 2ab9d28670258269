#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Configuration {
  /// A configuration that the service can start with, and what should be said about it.
  public struct Loaded: Sendable, Equatable {
    /// What the file and the environment say, with defaults filled in.
    public var configuration: Configuration
    /// What has no effect, or not the one that was meant.
    public var warnings: [ConfigurationProblem]
    /// What was read, and its file's name: for the place of what is found to be wrong later.
    let root: YAMLNode
    let file: String
  }

  /// The environment variable that names the file where a command is given none. It overrides no key.
  public static let pathVariable = "REGISTRY_CONFIGURATION_PATH"

  /// Reads a file and applies the environment's overrides (`REGISTRY_A_B` for `a.b`) to it.
  ///
  /// - Throws: every problem there is, where one of them is an error.
  public static func load(path: String, environment: [String: String]) throws(ConfigurationError) -> Loaded {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try contents(of: path)
    } catch {
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          severity: .error, place: .file(path, line: 0), key: "", message: "it can't be read: \(error.message)",
          remedy: "name a file that the user who runs this command may read")
      ])
    }
    return try parse(bytes, name: path, environment: environment)
  }

  /// As `load`, of a file's bytes; `name` is the file's in messages.
  public static func parse(
    _ bytes: [UInt8], name: String, environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Loaded {
    let log = ProblemLog(file: name)
    var configuration = Configuration()
    var root = YAMLNode(content: .mapping([]), origin: .position(line: 1, column: 1))
    do throws(YAMLError) {
      root = try YAMLNode(parsing: bytes)
      EnvironmentOverrides(log: log).apply(environment, to: &root)
      SectionReader.read(&configuration, from: root, path: "", log: log)
    } catch {
      log.add(.error, error.origin, "", error.message, remedy: "correct the YAML")
    }
    let problems = log.problems
    guard !problems.contains(where: { $0.severity == .error }) else { throw ConfigurationError(problems: problems) }
    return Loaded(configuration: configuration, warnings: problems, root: root, file: name)
  }

  /// Every key that has an effect, as YAML, with defaults filled in and secrets masked.
  public var yaml: String { SectionWriter.write(self).text }

  private struct FileError: Error {
    var message: String
    /// Of the call that failed last.
    static var last: FileError { FileError(message: String(cString: strerror(errno))) }
  }

  /// At most a byte more than the parser takes, so that a wrong path can't fill the memory.
  private static func contents(of path: String) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .last }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= YAMLNode.Limit.bytes {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .last }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    return bytes
  }
}
