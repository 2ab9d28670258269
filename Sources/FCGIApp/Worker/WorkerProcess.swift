import CLinux
import Core
import Glibc
import Logging

/// A worker: what a process does that the supervisor started to answer requests.
struct WorkerProcess {
  /// Serves until the supervisor ends it, or has ended itself.
  static func run() throws {
    MemoryTuning.apply()
    DescriptorLimit.raise()
    let signals = try SignalDescriptor([SIGTERM, SIGUSR1, SIGINT, SIGHUP])
    let inherited = try Inherited()
    let logger = RegistryLogHandler.logger(inherited.configuration.log, process: "worker")
    let accessLog = LineSink(descriptor: STDOUT_FILENO)
    let pool = try WorkerPool(
      listener: InheritedDescriptor.listener,
      handover: Handover(
        sending: InheritedDescriptor.handoverSending, receiving: InheritedDescriptor.handoverReceiving),
      threads: inherited.configuration.fastcgi.threads, maxUploads: inherited.configuration.fastcgi.maxUploads,
      handler: try Composition.handler(
        inherited.configuration, inherited.segment, logger: logger, accessLog: accessLog),
      logger: logger)
    pool.start()
    MemoryTuning.releaseCode()
    inherited.control.reportReady()
    let order = inherited.control.waitForEnd(signals)
    let deadline = ContinuousClock.now + inherited.configuration.http.drainTimeout
    if !pool.drain(handingOver: order == .handOver, until: deadline) {
      logger.warning("requests were still under way after http.draintimeout")
    }
    accessLog.flush()
  }
}
