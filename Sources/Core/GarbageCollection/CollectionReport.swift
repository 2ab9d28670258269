/// The result of a collection, or of a dry run.
public struct CollectionReport: Sendable, Equatable {
  /// Things of one kind.
  public struct Count: Sendable, Equatable {
    /// That were removed, or would be.
    public var removed = 0
    /// That stay.
    public var kept = 0

    /// None.
    public init() {}
  }

  /// Something that could not be read, listed or removed.
  public struct Problem: Sendable, Equatable, CustomStringConvertible {
    /// What it is.
    public var path: StoragePath
    /// What is wrong with it, and what is kept because of it.
    public var message: String

    /// One line.
    public var description: String { "\(path): \(message)" }
  }

  /// Whether nothing was changed.
  public var isDryRun: Bool
  /// Whether it was stopped before it was complete.
  public var isInterrupted = false
  /// Repositories that were looked at.
  public var repositories = 0
  /// Manifests as repositories have them.
  public var manifests = Count()
  /// Contents.
  public var blobs = Count()
  /// Links to contents, as repositories have them.
  public var links = Count()
  /// The bytes of the contents that were removed.
  public var bytesFreed: ByteTotal = 0
  /// Files that processes which died had left under names of the driver's own.
  public var leftovers = 0
  /// The first problems.
  public private(set) var problems: [Problem] = []
  /// All problems.
  public private(set) var problemCount = 0

  /// Problems that are held in memory and printed.
  private static let maximumProblems = 1000

  /// Nothing yet.
  public init(isDryRun: Bool) {
    self.isDryRun = isDryRun
  }

  mutating func note(_ path: StoragePath, _ message: String) {
    problemCount += 1
    if problems.count < CollectionReport.maximumProblems { problems.append(Problem(path: path, message: message)) }
  }

  /// Several lines, for people.
  public var text: String {
    let verb = isDryRun ? "would be removed" : "removed"
    var lines = [
      "repositories: \(repositories)",
      "manifests: \(manifests.removed) \(verb), \(manifests.kept) kept",
      "blobs: \(blobs.removed) \(verb) (\(bytesFreed)), \(blobs.kept) kept",
      "links: \(links.removed) \(verb), \(links.kept) kept",
    ]
    if leftovers > 0 { lines.append("leftovers of processes that died: \(leftovers) removed") }
    if problemCount > 0 {
      lines.append("problems: \(problemCount)")
      lines += problems.map { "  \($0)" }
      if problems.count < problemCount { lines.append("  and \(problemCount - problems.count) more") }
    }
    if isInterrupted { lines.append("interrupted: run it again for the rest") }
    return lines.joined(separator: "\n") + "\n"
  }
}
