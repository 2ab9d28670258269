import CLinux
import Core
import Glibc
import Logging
import NIOConcurrencyHelpers
import Synchronization

/// The threads of one worker, and the connections that they serve.
///
/// All threads wait on one epoll set: the listening socket, and connections without a request under way. So an idle
/// connection holds no thread.
final class WorkerPool: Sendable {
  private let listener: Int32
  private let isLocal: Bool
  private let handover: Handover?
  private let handler: any RequestHandler
  private let logger: Logger
  private let epoll: Epoll
  private let wakeUp: Descriptor
  private let idle = IdleConnections()
  private let budget: NIOLockedValueBox<ThreadBudget>
  private let mode = Atomic<Mode>(.serving)
  /// Whether idle threads should end.
  private let isEnding = Atomic<Bool>(false)

  /// What becomes of connections after an answer.
  private enum Mode: UInt8, AtomicRepresentable {
    /// They are kept.
    case serving
    /// They are closed.
    case closing
    /// Another worker gets them.
    case handingOver
  }

  /// Enough for JSON that is nested as deeply as the parsers allow.
  private static let stackSize = 512 << 10

  /// Serves what arrives on `listener` (which does not block) and what other workers hand over.
  init(
    listener: Int32, handover: Handover? = nil, threads: Int, maxSlowClients: Int, handler: any RequestHandler,
    logger: Logger
  ) throws(SystemError) {
    self.listener = listener
    isLocal = ConnectionSocket.isLocal(listener)
    self.handover = handover
    self.handler = handler
    self.logger = logger
    self.budget = NIOLockedValueBox(ThreadBudget(threads: threads, maxSlowClients: maxSlowClients))
    epoll = try Epoll()
    let raw = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard raw >= 0 else { throw SystemError("eventfd") }
    wakeUp = Descriptor(raw)
    try epoll.addShared(listener)
    if let handover { try epoll.addShared(handover.receiving) }
  }

  /// Begins.
  func start() {
    budget.withLockedValue { $0.addThread() }
    startThread()
  }

  // MARK: The end

  private static let shortestPause = Duration.milliseconds(2)
  /// The longest pause between two looks at the requests under way, which may take hours.
  private static let longestPause = Duration.milliseconds(100)

  /// Stops accepting and ends idle connections, lets requests finish, and waits for that.
  /// - Parameters:
  ///   - order: whether other workers get the connections, and whether there is a bound for requests.
  ///   - timeout: how long requests may take from the first order on that bounds them.
  ///   - further: waits at most as long as its argument; returns a further order from the supervisor, if one came.
  /// - Returns: false where requests were still under way when their time was over.
  func drain(_ order: ControlSocket.Order, timeout: Duration, further: (Duration) -> ControlSocket.Order?) -> Bool {
    setMode(for: order)
    epoll.remove(listener)
    if let handover { epoll.remove(handover.receiving) }
    // Connections that only this process knows of: pending ones of which epoll has informed it, and those that another
    // worker has handed over.
    acceptRest()
    receiveRest()
    if order.refuses { refuse() }
    var deadline = order.isBounded ? ContinuousClock.now + timeout : nil
    var pause = Self.shortestPause
    while deadline.map({ ContinuousClock.now < $0 }) ?? true {
      // Repeated, because a thread may be about to keep the connection that it has served.
      retireIdle()
      if threads.busy == 0 && idle.isEmpty { break }
      if let order = further(pause) {
        setMode(for: order)
        if order.refuses { refuse() }
        // A second order does not extend the deadline.
        if order.isBounded { deadline = deadline ?? ContinuousClock.now + timeout }
      }
      pause = min(Self.longestPause, pause * 2)
    }
    let isDone = threads.busy == 0
    endThreads(until: deadline ?? ContinuousClock.now + timeout)
    return isDone
  }

  private func setMode(for order: ControlSocket.Order) {
    let isGivenAway = order == .handOver && handover != nil
    mode.store(isGivenAway ? .handingOver : .closing, ordering: .sequentiallyConsistent)
  }

  private func acceptRest() {
    while let connection = ConnectionSocket.accept(from: listener, isLocal: isLocal) { keep(connection, known: false) }
  }

  private func receiveRest() {
    while let connection = handover?.receive() { keep(connection, known: false) }
  }

  /// Makes the kernel refuse connections in all processes that share the socket, so that no client waits for a
  /// connection that no process accepts.
  private func refuse() {
    // A TCP socket would drop pending connections.
    acceptRest()
    shutdown(listener, Int32(SHUT_RD))
    // A Unix socket keeps connections that arrived meanwhile.
    acceptRest()
  }

  /// Hands idle connections over, or closes them. Before closing, requests that have arrived are answered, also those
  /// of which only a part of the header has.
  private func retireIdle() {
    let isClosing = mode.load(ordering: .relaxed) == .closing
    let retiring = idle.takeAll { connection in
      guard isClosing else { return true }
      return switch ConnectionSocket.arrival(on: connection) {
      case .nothing, .unusable: true
      case .part, .request: false
      }
    }
    for connection in retiring {
      epoll.remove(connection)
      retire(connection)
    }
  }

  /// Wakes threads that wait, each of which ends.
  private func endThreads(until deadline: ContinuousClock.Instant) {
    isEnding.store(true, ordering: .sequentiallyConsistent)
    var one: UInt64 = 1
    _ = write(wakeUp.raw, &one, 8)
    try? epoll.addForAll(wakeUp.raw)
    while threads.waiting > 0, ContinuousClock.now < deadline { usleep(1_000) }
  }

  // MARK: Threads

  /// How many threads there are, and what they do.
  var threads: ThreadBudget { budget.withLockedValue { $0 } }

  private func startThread() {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        if let argument { Unmanaged<WorkerPool>.fromOpaque(argument).takeRetainedValue().serve() }
        return nil
      }, argument.toOpaque())
    guard status != 0 else { return }
    argument.release()
    budget.withLockedValue { $0.removeThread() }
    logger.error("can't start a thread: \(String(cString: strerror(status))); raise the limit of tasks or memory")
  }

  /// What a thread does.
  private func serve() {
    let server = ConnectionServer(handler: handler, pool: self)
    while budget.withLockedValue({ $0.beginWaiting() }) {
      let event = epoll.wait()
      if isEnding.load(ordering: .relaxed) {
        budget.withLockedValue {
          _ = $0.endWaiting()
          $0.removeThread()
        }
        return
      }
      if budget.withLockedValue({ $0.endWaiting() }) { startThread() }
      switch event {
      case .source(listener):
        accept(server)
      case .source:
        receiveRest()
      case .connection(let connection, let isNew):
        guard idle.take(connection) else { continue }
        // A Unix socket's connection that has carried requests is the web server's; to a TCP port, others may connect,
        // too.
        finish(server.serve(connection, isChecked: isLocal && !isNew), known: true)
      }
    }
  }

  /// Accepts all pending connections, because epoll (edge-triggered) does not report them again, and serves the first
  /// one.
  private func accept(_ server: ConnectionServer) {
    guard let connection = nextConnection() else { return }
    while let further = nextConnection() { keep(further, known: false) }
    // Most connections arrive with a request; then there is no need to watch them.
    switch ConnectionSocket.arrival(on: connection) {
    case .request: finish(server.serve(connection, isChecked: true), known: false)
    case .part: finish(server.serve(connection, isChecked: false), known: false)
    case .nothing: keep(connection, known: false)
    case .unusable: close(connection)
    }
  }

  private func nextConnection() -> Int32? {
    if let connection = ConnectionSocket.accept(from: listener, isLocal: isLocal) { return connection }
    // Out of descriptors or memory: after a pause, registering the listener again makes epoll report it again.
    if errno != EAGAIN, mode.load(ordering: .relaxed) == .serving {
      usleep(10_000)
      epoll.remove(listener)
      try? epoll.addShared(listener)
      // The drain may have begun meanwhile: then don't accept any more.
      if mode.load(ordering: .sequentiallyConsistent) != .serving { epoll.remove(listener) }
    }
    return nil
  }

  private func finish(_ ending: FastCGIRequest.Ending, known: Bool) {
    switch ending {
    case .kept(let connection):
      if mode.load(ordering: .sequentiallyConsistent) == .serving {
        keep(connection, known: known)
      } else {
        if known { epoll.remove(connection) }
        retire(connection)
      }
    case .finished(let connection): close(connection)
    case .closed: break
    }
  }

  /// Watches a connection until its next request arrives.
  private func keep(_ connection: Int32, known: Bool) {
    if !known { ConnectionSocket.boundReads(of: connection) }
    if !idle.insert(connection, arm: { epoll.arm(connection, known: known) }) { close(connection) }
  }

  /// Gives a connection away, or closes it.
  private func retire(_ connection: Int32) {
    let isGiven = mode.load(ordering: .relaxed) == .handingOver && handover?.send(connection) ?? false
    if isGiven {
      close(connection)
    } else {
      shutdown(connection, Int32(SHUT_WR))
      close(connection)
    }
  }

  // MARK: Slow clients

  /// See ``SlowClientSlot/take()``.
  func beginSlowClient() -> Bool {
    guard let needsThread = budget.withLockedValue({ $0.beginSlowClient() }) else { return false }
    if needsThread { startThread() }
    return true
  }

  /// Logs that a download was refused: the access log shows the answer that the handler gave.
  func reportRefusal(of request: Request) {
    logger.warning(
      "request \(request.id) was answered 503: \(threads.slowClients) slow clients are served (raise fastcgi.maxuploads)"
    )
  }

  /// See ``SlowClientSlot/release()``.
  func endSlowClient() {
    budget.withLockedValue { $0.endSlowClient() }
  }
}
