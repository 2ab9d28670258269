import Core
import Glibc
import Logging

/// Writes log lines to standard error, each with one system call.
struct RegistryLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let formatter: LogFormatter
  private let descriptor: Int32

  /// With the settings of `log` in the configuration.
  init(_ log: Configuration.Log, descriptor: Int32 = STDERR_FILENO) {
    logLevel =
      switch log.level {
      case .error: .error
      case .warn: .warning
      case .info: .info
      case .debug: .debug
      }
    formatter = LogFormatter(form: log.formatter, fields: log.fields)
    self.descriptor = descriptor
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var pairs = metadata.merging(event.metadata ?? [:]) { $1 }
      .map { (key: $0.key, value: LogFormatter.Value.text($0.value.description)) }
    if let error = event.error { pairs.append((key: "error", value: .text(String(describing: error)))) }
    var line: [UInt8] = []
    line.reserveCapacity(LineSink.usualLine)
    formatter.append(
      time: Timestamp.now.text, level: event.level, message: event.message.description,
      metadata: pairs.sorted { $0.key < $1.key }, to: &line)
    Descriptor.write(line, to: descriptor)
  }

  /// The logger of one process of the service.
  static func logger(_ log: Configuration.Log, process: String) -> Logger {
    var logger = Logger(label: "berth") { _ in RegistryLogHandler(log) }
    for (key, value) in standing(process) { logger[metadataKey: key] = "\(value)" }
    return logger
  }

  /// Fields of every line of a process that identify it.
  static func standing(_ process: String) -> [(key: String, value: String)] {
    [("pid", "\(getpid())"), ("process", process)]
  }
}
