import Core
import Glibc
import Logging

/// The keeper: what a process does that the supervisor started for what must happen once.
struct KeeperProcess {
  /// Works until the supervisor ends it, or has ended itself.
  static func run() throws {
    MemoryTuning.apply()
    let signals = try SignalDescriptor([SIGTERM, SIGUSR1, SIGINT, SIGHUP])
    let inherited = try Inherited()
    let logger = RegistryLogHandler.logger(inherited.configuration.log, process: "keeper")
    let tasks = try Composition.keeperTasks(inherited.configuration, logger: logger)
    var schedule = KeeperSchedule(
      intervals: tasks.map(\.interval),
      delays: tasks.map { .milliseconds(Int64.random(in: 0...max(0, $0.jitter.milliseconds))) }, now: .now)
    let executor = ThreadExecutor()
    inherited.control.reportReady()
    while true {
      let wait = schedule.next.map { max(.zero, $0.time - .now) }
      if inherited.control.isEnded(signals, within: wait) { return }
      guard let (index, time) = schedule.next, time <= .now else { continue }
      schedule.began(index, at: .now)
      let task = tasks[index]
      executor.run { await Self.run(task, logger) }
    }
  }

  private static func run(_ task: KeeperTask, _ logger: Logger) async {
    let start = ContinuousClock.now
    logger.info("\(task.name): beginning")
    do {
      try await task.run()
      logger.info("\(task.name): done in \(ContinuousClock.now - start)")
    } catch {
      logger.error("\(task.name): \(error); it is tried again in \(task.interval)")
    }
  }
}
