import Core
import Glibc
import Logging

/// The keeper: the process for tasks that must run once per service.
struct KeeperProcess {
  /// Runs until the supervisor tells it to end, or is gone.
  static func run() throws {
    MemoryTuning.apply()
    let signals = try SignalDescriptor([SIGTERM, SIGUSR1, SIGINT, SIGHUP])
    let inherited = try Inherited()
    let logger = RegistryLogHandler.logger(inherited.configuration.log, process: "keeper")
    let tasks = try Composition.keeperTasks(inherited.configuration, inherited.segment, logger: logger)
    var schedule = KeeperSchedule(
      tasks.map(\.schedule),
      delays: tasks.map { $0.jitter.map { .milliseconds(Int64.random(in: 0...max(0, $0.milliseconds))) } }, now: .now)
    var runs = KeeperRuns(tasks) { await Self.run($0, logger) }
    inherited.control.reportReady()
    while true {
      let waits = [runs.enforceDeadlines(at: .now), schedule.next(at: .now)?.wait].compactMap { $0 }
      if inherited.control.isEnded(signals, within: waits.min()) { break }
      guard let (index, wait) = schedule.next(at: .now), wait == .zero else { continue }
      schedule.began(index, at: .now)
      // Starts no second run of a task that takes longer than its interval.
      runs.start(index, at: .now)
    }
    runs.end()
  }

  private static func run(_ task: KeeperTask, _ logger: Logger) async {
    defer { MemoryTuning.releaseCode() }
    let start = ContinuousClock.now
    if task.isLogged { logger.info("\(task.name): beginning") }
    do {
      try await task.run()
      if task.isLogged { logger.info("\(task.name): done in \(ContinuousClock.now - start)") }
    } catch  where Task.isCancelled {
      logger.info("\(task.name): broken off, since the service ends; it is taken up again when it is due")
    } catch {
      logger.error("\(task.name): \(error); it is tried again when it is due")
    }
  }
}
