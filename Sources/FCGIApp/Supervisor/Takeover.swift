import Core
import Glibc

/// The state that a supervisor hands over to another executable in its process (execve): numbers of descriptors, and
/// the processes that it has started, which stay its children.
struct Takeover: Equatable {
  /// A process of the service.
  struct Process: Equatable {
    var role: Child.Role
    var id: pid_t
    var control: Int32
    /// Milliseconds.
    var drainTimeout: Int64
    var isReady: Bool
    /// Whether it was told to end, or to hand over and finish what is under way.
    var isRetired: Bool
    /// Milliseconds until it is ended by force; nil: never.
    var killAfter: Int64?
  }

  var segment: Int32
  var handoverSending: Int32
  var handoverReceiving: Int32
  var socket: Int32
  /// Device and inode of a Unix socket's file.
  var socketFile: [UInt64]
  var configuration: Int32
  var processes: [Process]

  /// Version of ``text``. Increase it with every change; an executable with another version can't take over.
  static let format = 1
  /// Names the descriptor of a file that holds ``text``.
  private static let variable = "BERTH_TAKEOVER"

  // MARK: Text

  private static let title = "berth-takeover"

  /// One line for each item, words separated by single spaces.
  var text: String {
    var lines = [
      "\(Self.title) \(Self.format)", "segment \(segment)", "handover \(handoverSending) \(handoverReceiving)",
      (["socket", "\(socket)"] + socketFile.map { "\($0)" }).joined(separator: " "), "configuration \(configuration)",
    ]
    for process in processes {
      lines.append(
        """
        process \(process.role.rawValue) \(process.id) \(process.control) \(process.drainTimeout) \
        \(process.isReady ? 1 : 0) \(process.isRetired ? 1 : 0) \(process.killAfter ?? -1)
        """)
    }
    return lines.joined(separator: "\n")
  }

  /// nil where `text` is malformed.
  init?(_ text: String) {
    var lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: false) }[...]
    func numbers<Number: FixedWidthInteger>(_ name: String, _ counts: Set<Int>) -> [Number]? {
      guard let words = lines.popFirst(), words.first.map({ $0 == name }) ?? false else { return nil }
      let numbers = words.dropFirst().compactMap { Number($0) }
      return numbers.count == words.count - 1 && counts.contains(numbers.count) ? numbers : nil
    }
    guard let format: [Int] = numbers(Self.title, [1]), format == [Self.format],
      let segment: [Int32] = numbers("segment", [1]), let handover: [Int32] = numbers("handover", [2]),
      let socket: [UInt64] = numbers("socket", [1, 3]), let number = Int32(exactly: socket[0]),
      let configuration: [Int32] = numbers("configuration", [1])
    else { return nil }
    self.segment = segment[0]
    (handoverSending, handoverReceiving) = (handover[0], handover[1])
    self.socket = number
    socketFile = Array(socket.dropFirst())
    self.configuration = configuration[0]
    processes = []
    for words in lines {
      guard words.count == 8, words[0] == "process", let role = Child.Role(rawValue: String(words[1])) else {
        return nil
      }
      let numbers = words.dropFirst(2).compactMap { Int64($0) }
      guard numbers.count == 6, let id = pid_t(exactly: numbers[0]), id > 1, let control = Int32(exactly: numbers[1])
      else { return nil }
      processes.append(
        Process(
          role: role, id: id, control: control, drainTimeout: numbers[2], isReady: numbers[3] == 1,
          isRetired: numbers[4] == 1, killAfter: numbers[5] < 0 ? nil : numbers[5]))
    }
  }

  // MARK: From one executable to the other

  private var descriptors: [Int32] {
    [segment, handoverSending, handoverReceiving, socket, configuration] + processes.map(\.control)
  }

  /// Runs `executable` in this process (execve). Returns only on failure.
  func execute(_ executable: String, _ arguments: [String]) -> SystemError {
    do {
      let file = try Descriptor.memory("berth-takeover")
      Descriptor.write(Array(text.utf8), to: file.raw)
      setenv(Self.variable, "\(file.raw)", 1)
      for raw in descriptors + [file.raw] { _ = fcntl(raw, F_SETFD, 0) }
      Spawn.withArguments([executable] + arguments) { _ = execv(executable, $0) }
      let error = SystemError("can't run \(executable)")
      unsetenv(Self.variable)
      for raw in descriptors { _ = fcntl(raw, F_SETFD, FD_CLOEXEC) }
      return error
    } catch {
      return error
    }
  }

  /// The state that the previous executable in this process has handed over; nil where there was none.
  static func inherited() -> Takeover? {
    guard let value = getenv(variable), let raw = Int32(String(cString: value)) else { return nil }
    unsetenv(variable)
    let file = Descriptor(raw)
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = pread(file.raw, &bytes, bytes.count, 0)
    guard count > 0, let takeover = Takeover(String(decoding: bytes[..<count], as: UTF8.self)) else { return nil }
    for raw in takeover.descriptors { _ = fcntl(raw, F_SETFD, FD_CLOEXEC) }
    return takeover
  }

  init(
    segment: Int32, handoverSending: Int32, handoverReceiving: Int32, socket: Int32, socketFile: [UInt64],
    configuration: Int32, processes: [Process]
  ) {
    self.segment = segment
    self.handoverSending = handoverSending
    self.handoverReceiving = handoverReceiving
    self.socket = socket
    self.socketFile = socketFile
    self.configuration = configuration
    self.processes = processes
  }
}
