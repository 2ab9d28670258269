import CLinux
import Core
import Glibc
import Logging
import NIOConcurrencyHelpers
import Synchronization

/// The threads of one worker, and the connections that they serve.
///
/// All threads wait on one epoll set: the listening socket, and connections that no request is under way on. So a
/// kept connection holds no thread while it is idle.
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
  /// Whether threads that have nothing to do end.
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
    listener: Int32, handover: Handover? = nil, threads: Int, maxUploads: Int, handler: any RequestHandler,
    logger: Logger
  ) throws(SystemError) {
    self.listener = listener
    isLocal = ConnectionSocket.isLocal(listener)
    self.handover = handover
    self.handler = handler
    self.logger = logger
    self.budget = NIOLockedValueBox(ThreadBudget(threads: threads, maxUploads: maxUploads))
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

  /// Stops accepting and ends idle connections, lets requests finish, and waits for that.
  /// - Parameter handingOver: whether other workers get the connections.
  /// - Returns: false where requests were still under way at `deadline`.
  func drain(handingOver: Bool, until deadline: ContinuousClock.Instant) -> Bool {
    epoll.remove(listener)
    if let handover { epoll.remove(handover.receiving) }
    mode.store(handingOver && handover != nil ? .handingOver : .closing, ordering: .sequentiallyConsistent)
    // What the system has accepted for us already.
    while let connection = ConnectionSocket.accept(from: listener, isLocal: isLocal) { keep(connection, known: false) }
    // Where connections are closed, those with a request on its way are answered first.
    let isClosing = mode.load(ordering: .relaxed) == .closing
    while ContinuousClock.now < deadline {
      // Again and again: a thread may be about to keep the connection that it has served.
      for connection in idle.takeAll(where: { !isClosing || ConnectionSocket.arrival(on: $0) != .request }) {
        epoll.remove(connection)
        retire(connection)
      }
      if threads.busy == 0 && idle.isEmpty { break }
      usleep(2_000)
    }
    let isDone = threads.busy == 0
    endThreads(until: deadline)
    return isDone
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
        while let connection = handover?.receive() { keep(connection, known: false) }
      case .connection(let connection):
        if idle.take(connection) { finish(server.serve(connection), known: true) }
      }
    }
  }

  /// Takes all connections that have come, since nobody is told of them again, and serves the first one.
  private func accept(_ server: ConnectionServer) {
    guard let connection = nextConnection() else { return }
    while let further = nextConnection() { keep(further, known: false) }
    // Most connections come with a request, which saves watching them.
    switch ConnectionSocket.arrival(on: connection) {
    case .request: finish(server.serve(connection), known: false)
    case .nothing: keep(connection, known: false)
    case .unusable: close(connection)
    }
  }

  private func nextConnection() -> Int32? {
    if let connection = ConnectionSocket.accept(from: listener, isLocal: isLocal) { return connection }
    // Out of descriptors or memory: a pause, and somebody is told again.
    if errno != EAGAIN, mode.load(ordering: .relaxed) == .serving {
      usleep(10_000)
      epoll.remove(listener)
      try? epoll.addShared(listener)
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
    case .unread(let connection): ConnectionSocket.closeGently(connection)
    case .closed: break
    }
  }

  /// Watches a connection until its next request arrives.
  private func keep(_ connection: Int32, known: Bool) {
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

  // MARK: Uploads

  /// See ``UploadSlot/take()``.
  func beginUpload() -> Bool {
    guard let needsThread = budget.withLockedValue({ $0.beginUpload() }) else { return false }
    if needsThread { startThread() }
    return true
  }

  /// See ``UploadSlot/release()``.
  func endUpload() {
    budget.withLockedValue { $0.endUpload() }
  }
}
