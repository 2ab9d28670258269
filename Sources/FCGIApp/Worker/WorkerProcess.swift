import CLinux
import Core
import Glibc
import Logging

/// A worker: a process that answers requests.
struct WorkerProcess {
  /// Serves until the supervisor tells it to end, or is gone.
  static func run() throws {
    MemoryTuning.apply()
    DescriptorLimit.raise()
    let signals = try SignalDescriptor([SIGTERM, SIGUSR1, SIGUSR2, SIGINT, SIGHUP])
    let inherited = try Inherited()
    let logger = RegistryLogHandler.logger(inherited.configuration.log, process: "worker")
    let accessLog = LineSink(descriptor: STDERR_FILENO)
    let pool = try WorkerPool(
      listener: InheritedDescriptor.listener,
      handover: Handover(
        sending: InheritedDescriptor.handoverSending, receiving: InheritedDescriptor.handoverReceiving),
      threads: inherited.configuration.fastcgi.threads, maxSlowClients: inherited.configuration.fastcgi.maxUploads,
      handler: try Composition.handler(
        inherited.configuration, inherited.segment, logger: logger, accessLog: accessLog),
      logger: logger)
    pool.start()
    MemoryTuning.releaseCode()
    var control = inherited.control
    control.reportReady()
    let order = control.waitForEnd(signals)
    let isDone = pool.drain(order, timeout: inherited.configuration.http.drainTimeout) {
      control.order(signals, within: $0)
    }
    if !isDone {
      logger.warning("requests were still under way after http.draintimeout")
    }
    accessLog.flush()
  }
}
