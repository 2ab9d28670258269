import CLinux
import Core
import Glibc
import Logging

/// Starts the service's processes and keeps them running. Has no state of the registry, so that little can make it
/// crash. Single-threaded: one loop that waits for signals, messages of processes, and the next point in time.
final class Supervisor {
  let path: String
  let environment: [String: String]
  var logger: Logger
  let signals: SignalDescriptor
  let segment: SharedSegment
  let handover: (sending: Descriptor, receiving: Descriptor)
  /// The workers that serve.
  var current: Generation
  /// The workers that will serve when they are ready.
  var next: (generation: Generation, deadline: ContinuousClock.Instant)?
  /// The file that this process runs.
  let executable = ExecutableFile()
  /// The trial of another executable that should take over.
  var trial: ExecutableTrial?
  /// Whether the configuration is to be read again.
  var isReloadWanted = false
  /// The keeper's place: one process for tasks that must run once per service.
  let keeper: Generation.Place
  /// Processes that were told to end, and old workers that finish requests after a reload.
  var ending: [Child] = []
  /// Whether the service ends.
  var isStopping = false

  /// The signals that it acts on.
  private static let signals = [SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2]

  /// Starts a service: opens its socket. Throws problems that an operator must correct first.
  init(_ file: ConfigurationFile, path: String, environment: [String: String], logger: Logger) throws {
    self.path = path
    self.environment = environment
    self.logger = logger
    signals = try SignalDescriptor(Self.signals)
    signal(SIGPIPE, SIG_IGN)
    try Composition.prepare(file.configuration.storage) { logger.warning("\($0)") }
    segment = try SharedSegment.make()
    handover = try Descriptor.socketPair(SOCK_SEQPACKET)
    current = Generation(file, try ListeningSocket(file.configuration.fastcgi))
    keeper = Generation.Place(.keeper)
    logger.info("starting \(current.places.count) workers at \(current.socket.address.text)")
    if file.configuration.http.secret.isEmpty {
      logger.warning(
        "http.secret is empty, so a random one signs uploads: set it where several hosts serve one storage, or uploads are to outlive a restart"
      )
    }
  }

  /// Continues after the previous executable in this process, with a reload.
  init(_ takeover: Takeover, path: String, environment: [String: String]) throws {
    self.path = path
    self.environment = environment
    signals = try SignalDescriptor(Self.signals)
    let file = try ConfigurationFile.left(Descriptor(takeover.configuration), environment: environment)
    logger = RegistryLogHandler.logger(file.configuration.log, process: "supervisor")
    guard let segment = try SharedSegment.open(Descriptor(takeover.segment)) else {
      throw SystemError("the executable before this one shares memory in another form", code: EINVAL)
    }
    self.segment = segment
    handover = (Descriptor(takeover.handoverSending), Descriptor(takeover.handoverReceiving))
    let serving = takeover.processes.filter { !$0.isRetired }
    current = Generation(
      file,
      ListeningSocket(
        Descriptor(takeover.socket), at: file.configuration.fastcgi.address, identity: takeover.socketFile),
      running: serving.filter { $0.role == .worker }.map(Child.init))
    keeper = serving.first { $0.role == .keeper }.map { Generation.Place(Child($0)) } ?? Generation.Place(.keeper)
    ending = takeover.processes.filter(\.isRetired).map(Child.init)
    logger.info("the new executable \(executable.path) has taken over; its workers are started now")
    beginReload()
  }

  /// Runs until the service was told to end, and everything has.
  func run() {
    while true {
      startWhatIsDue()
      if isStopping && children.isEmpty { break }
      wait()
      while let signal = signals.next() { handle(signal) }
      for child in children where child.isListening { child.listen() }
      reap()
      advanceUpgrade()
      advanceReload()
      let now = ContinuousClock.now
      for child in children { child.enforce(now: now) }
    }
    logger.info("stopped")
  }

  var children: [Child] {
    current.children + (next?.generation.children ?? []) + (keeper.child.map { [$0] } ?? []) + ending
  }

  /// Whether a keeper must be waited for before the next one may start.
  private var isKeeperEnding: Bool { ending.contains { $0.role == .keeper } }

  private func wait() {
    let listening = children.filter(\.isListening)
    var times = children.compactMap(\.killAt)
    if !isStopping {
      times += [
        isKeeperEnding ? nil : keeper.startAt, current.nextStart, next?.deadline, next?.generation.nextStart,
        trial?.deadline,
      ].compactMap { $0 }
    }
    let timeout = times.min().map { max(.zero, $0 - ContinuousClock.now) }
    // The supervisor is idle for days.
    MemoryTuning.releaseCode()
    _ = SignalDescriptor.poll([signals.raw] + listening.map(\.control.raw), timeout: timeout)
  }

  private func handle(_ signal: Int32) {
    switch signal {
    case SIGHUP:
      isReloadWanted = !isStopping
    case SIGTERM, SIGINT:
      if !isStopping { stop() }
    case SIGUSR1, SIGUSR2:
      logger.warning("SIGUSR1 and SIGUSR2 have no effect: SIGHUP reloads, and log files are rotated by copying")
    default:
      break
    }
  }

  /// Lets requests in flight finish, and ends the rest.
  private func stop() {
    logger.info("stopping: requests in flight may take up to \(current.file.configuration.http.drainTimeout)")
    isStopping = true
    isReloadWanted = false
    trial?.end()
    trial = nil
    for child in children { end(child) }
    for socket in [current.socket, next?.generation.socket] { socket?.refuse() }
    next = nil
  }

  /// Tells a process to end, also a retired one.
  func end(_ child: Child) {
    guard !child.isEnding else { return }
    child.end()
    for place in current.places + (next?.generation.places ?? []) + [keeper] where place.child === child {
      place.child = nil
    }
    if !ending.contains(where: { $0 === child }) { ending.append(child) }
  }

  // MARK: Starting

  private func startWhatIsDue() {
    guard !isStopping else { return }
    let now = ContinuousClock.now
    for generation in [current, next?.generation].compactMap({ $0 }) {
      for place in generation.places where place.startAt.map({ $0 <= now }) ?? false { start(place, generation) }
    }
    // There must not be two keepers at once.
    if keeper.startAt.map({ $0 <= now }) ?? false, !isKeeperEnding {
      start(keeper, current)
    }
  }

  private func start(_ place: Generation.Place, _ generation: Generation) {
    do {
      var descriptors = [
        (from: segment.descriptor.raw, to: InheritedDescriptor.segment),
        (from: generation.file.snapshot.raw, to: InheritedDescriptor.configuration),
      ]
      if place.role == .worker {
        descriptors += [
          (from: generation.socket.descriptor.raw, to: InheritedDescriptor.listener),
          (from: handover.sending.raw, to: InheritedDescriptor.handoverSending),
          (from: handover.receiving.raw, to: InheritedDescriptor.handoverReceiving),
        ]
      }
      place.child = try Child(
        place.role, descriptors: descriptors, drainTimeout: generation.file.configuration.http.drainTimeout)
      place.startAt = nil
    } catch {
      let pause = place.backoff.pause(afterLiving: .zero)
      logger.error("\(error); trying again in \(pause) (raise the limit of processes or memory)")
      place.startAt = .now + pause
    }
  }

  // MARK: Ends

  private func reap() {
    ending.removeAll { child in
      guard let ended = child.ended() else { return false }
      if case .exit(0) = ended { return true }
      // The process may have died after a removal and before it informed the caches of its end.
      segment.advanceGeneration()
      logger.warning("\(child.role.rawValue) \(child.id) did not end cleanly: it \(ended)")
      return true
    }
    for place in current.places + [keeper] {
      guard let child = place.child, let ended = child.ended() else { continue }
      replace(place, child, ended)
    }
    for place in next?.generation.places ?? [] {
      guard let child = place.child, let ended = child.ended() else { continue }
      place.child = nil
      segment.advanceGeneration()
      abandonReload("worker \(child.id) of the new configuration \(ended)")
      break
    }
  }

  private func replace(_ place: Generation.Place, _ child: Child, _ ended: Spawn.Ending) {
    segment.advanceGeneration()
    let pause = place.backoff.pause(afterLiving: .now - child.started)
    place.child = nil
    place.startAt = .now + pause
    logger.error(
      """
      \(child.role.rawValue) \(child.id) \(ended): \(ended.remedy). Starting another one\
      \(pause == .zero ? "" : " in \(pause)")
      """)
  }
}
