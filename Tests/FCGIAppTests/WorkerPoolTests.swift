import Core
import Foundation
import Glibc
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import FCGIApp

@Suite(.ownThread) struct WorkerPoolTests {
  @Test func `a kept connection carries one request after the other`() throws {
    let harness = try PoolHarness { .text("\($0.method.rawValue) \($0.path) \($0.query)") }
    let connection = try harness.connect()
    for number in 0..<50 {
      let answer = try connection.exchange("GET", "/v2/\(number)?n=\(number)")
      #expect(answer.isComplete)
      #expect(answer.status == 200)
      #expect(answer.text == "GET /v2/\(number) n=\(number)")
    }
  }

  @Test func `a connection that is not to be kept is closed after its answer`() throws {
    let harness = try PoolHarness { _ in .text("hello") }
    let connection = try harness.connect()
    #expect(try connection.exchange(keep: false).text == "hello")
    #expect(try connection.isClosed())
  }

  @Test(arguments: ["GET", "HEAD"])
  func `a connection is closed after an answer of which nginx reads the head alone, as nginx does`(
    method: String
  ) throws {
    let harness = try PoolHarness {
      $0.method == .head ? .text("hello") : Response(.ok, fields: [.xAccelRedirect: "/_berth_storage/file"])
    }
    let connection = try harness.connect()
    #expect(try connection.exchange(method, "/v2/").isComplete)
    #expect(try connection.isClosed())
  }

  @Test func `idle connections hold no thread`() throws {
    let harness = try PoolHarness(threads: 8) { .text($0.path) }
    let connections = try (0..<64).map { _ in try harness.connect() }
    for round in 0..<3 {
      for (number, connection) in connections.enumerated().reversed() {
        #expect(try connection.exchange("GET", "/\(round)/\(number)").text == "/\(round)/\(number)")
      }
    }
    #expect(eventually { harness.pool.threads.busy == 0 })
    #expect(harness.pool.threads.total <= 8)
  }

  @Test func `a request waits for those that came before it, and for no others`() throws {
    let gate = Gate()
    defer { gate.open() }
    let harness = try PoolHarness(threads: 8) { request in
      gate.pass(request.path)
      return .text(request.path)
    }
    let connections = try (0..<64).map { _ in try harness.connect() }
    // How many requests had been begun when each was sent.
    var sent: [Int: Int] = [:]
    func send(_ number: Int) throws {
      sent[number] = gate.begun.count
      try connections[number].write(FastCGIConnection.begin("GET", "\(number)") + FastCGIConnection.endOfBody)
    }
    for number in connections.indices { try send(number) }
    var begun = 0
    var longest = 0
    for _ in 0..<(3 * connections.count) {
      // All threads are at work, and all other connections wait.
      try #require(eventually { gate.inside == 8 })
      for path in gate.begun[begun...] {
        let number = try #require(Int(path))
        longest = max(longest, begun - (sent.removeValue(forKey: number) ?? 0))
        begun += 1
      }
      let path = try #require(gate.release())
      let number = try #require(Int(path))
      #expect(try connections[number].answer().text == path)
      try send(number)
    }
    // One of each other connection.
    #expect(longest < connections.count)
    #expect(sent.values.allSatisfy { begun - $0 < connections.count })
  }

  @Test func `a connection that is opened and says nothing holds no thread`() throws {
    let harness = try PoolHarness(threads: 1, maxSlowClients: 0) { _ in .text("hello") }
    let silent = try (0..<8).map { _ in try harness.connect() }
    #expect(try harness.connect().exchange().text == "hello")
    for connection in silent { #expect(try connection.exchange().text == "hello") }
  }

  @Test func `a connection wakes one thread, and not all that wait`() throws {
    let harness = try PoolHarness(threads: 32) { _ in .text("hello") }
    for _ in 0..<200 {
      #expect(try harness.connect().exchange(keep: false).text == "hello")
      try #require(eventually { harness.pool.threads.busy == 0 })
    }
    // One that serves, and one that waits for the next. More are started where nobody waits any more.
    #expect(harness.pool.threads.total == 2)
  }

  @Test func `connections that come at once are all served, though one thread is told`() throws {
    let harness = try PoolHarness(threads: 4) { .text($0.path) }
    for _ in 0..<20 {
      let connections = try (0..<50).map { _ in try harness.connect() }
      for (number, connection) in connections.enumerated() {
        try connection.write(FastCGIConnection.begin("GET", "\(number)") + FastCGIConnection.endOfBody)
      }
      for (number, connection) in connections.enumerated() { #expect(try connection.answer().text == "\(number)") }
    }
  }

  @Test func `slow uploads don't stop others, and the threads that they took end`() throws {
    let harness = try PoolHarness(threads: 2, maxSlowClients: 8) { .text("\(await $0.body.readAll().count)") }
    let uploads = try (0..<6).map { _ in try harness.connect() }
    for upload in uploads {
      try upload.write(FastCGIConnection.begin("PATCH", parameters: [("CONTENT_LENGTH", "200000")]))
      try upload.write(FastCGIConnection.body(.init(repeating: 1, count: 1000)))
    }
    #expect(eventually { harness.pool.threads.slowClients == 6 })
    for _ in 0..<20 { #expect(try harness.connect().exchange().text == "0") }
    for upload in uploads {
      try upload.write(FastCGIConnection.body(.init(repeating: 1, count: 199_000)) + FastCGIConnection.endOfBody)
      #expect(try upload.answer().text == "200000")
    }
    #expect(eventually { harness.pool.threads.slowClients == 0 })
    for _ in 0..<20 { #expect(try harness.connect().exchange().text == "0") }
    #expect(eventually { harness.pool.threads.total <= 2 })
  }

  /// - Parameter headerLength: nil: the body comes in what libfcgi reads with the header. 8192: it begins where libfcgi's
  ///   reads end, and so waits in the socket.
  @Test(arguments: [nil, 8192])
  func `a slow upload counts as one, though its padding makes it as long as the body`(headerLength: Int?) throws {
    let harness = try PoolHarness(threads: 2, maxSlowClients: 8) { .text("\(await $0.body.readAll().count)") }
    func begin(_ padding: Int) -> [UInt8] {
      FastCGIConnection.begin(
        "PUT", parameters: [("CONTENT_LENGTH", "16"), ("X", String(repeating: "x", count: padding))])
    }
    // A value that is so long has three bytes more of length than an empty one.
    let header = begin(headerLength.map { $0 - begin(0).count - 3 } ?? 0)
    if let headerLength { try #require(header.count == headerLength) }
    // One byte as nginx sends it: 16 bytes with header and padding.
    let first: [UInt8] = [1, 5, 0, 1, 0, 1, 7, 0, 65] + .init(repeating: 0, count: 7)
    let uploads = try (0..<6).map { _ in try harness.connect() }
    for upload in uploads { try upload.write(header + first) }
    #expect(eventually { harness.pool.threads.slowClients == 6 })
    for _ in 0..<20 { #expect(try harness.connect().exchange().text == "0") }
    for upload in uploads {
      try upload.write(FastCGIConnection.body(.init(repeating: 1, count: 15)) + FastCGIConnection.endOfBody)
      #expect(try upload.answer().text == "16")
    }
  }

  @Test func `a body that has arrived needs no place among slow clients, one that has in part is read so far`() throws {
    let harness = try PoolHarness(threads: 2, maxSlowClients: 0) { request in
      let (count, error) = await request.body.readAll()
      return .text("\(count) \(error.map { "\($0)" } ?? "")", status: error == nil ? 200 : 503)
    }
    #expect(try harness.connect().exchange("PUT", body: .init(repeating: 1, count: 1000)).text == "1000 ")
    let part = try harness.connect()
    try part.write(
      FastCGIConnection.begin("PUT", parameters: [("CONTENT_LENGTH", "1000")]) + FastCGIConnection.body([1, 2, 3]))
    #expect(try part.answer().text == "3 overloaded")
  }

  @Test func `a header that comes in two pieces is waited for, also where no more slow clients may be`() throws {
    let harness = try PoolHarness(threads: 2, maxSlowClients: 0) { _ in .text("hello") }
    let header = FastCGIConnection.begin()
    let half = try harness.connect()
    let begun = ContinuousClock.now
    try half.write(Array(header.prefix(20)))
    #expect(try half.isClosed())
    #expect(ContinuousClock.now - begun >= .milliseconds(50))
    // The pause between the pieces may be long on a busy machine.
    let isAnswered = eventually {
      guard let connection = try? harness.connect() else { return false }
      try? connection.write(Array(header.prefix(20)))
      usleep(10_000)
      try? connection.write(Array(header.dropFirst(20)) + FastCGIConnection.endOfBody)
      return (try? connection.answer().text) == "hello"
    }
    #expect(isAnswered)
  }

  @Test func `one slow upload more than may be is refused, and the next after one has ended is not`() throws {
    let harness = try PoolHarness(threads: 2, maxSlowClients: 1) { request in
      let (count, error) = await request.body.readAll()
      return .text("\(count) \(error.map { "\($0)" } ?? "")", status: error == nil ? 200 : 503)
    }
    let first = try harness.connect()
    try first.write(FastCGIConnection.begin("PATCH", parameters: [("CONTENT_LENGTH", "1000")]))
    #expect(eventually { harness.pool.threads.slowClients == 1 })
    let second = try harness.connect()
    try second.write(FastCGIConnection.begin("PATCH", parameters: [("CONTENT_LENGTH", "1000")]))
    let refused = try second.answer()
    #expect(refused.status == 503)
    #expect(refused.text == "0 overloaded")
    #expect(refused.isComplete)
    try first.write(FastCGIConnection.body(.init(repeating: 1, count: 1000)) + FastCGIConnection.endOfBody)
    #expect(try first.answer().text == "1000 ")
    #expect(try harness.connect().exchange("PATCH", body: .init(repeating: 1, count: 1000)).text == "1000 ")
  }

  @Test func `a handler that suspends goes on with its own thread`() throws {
    let harness = try PoolHarness { _ in
      let thread = pthread_self()
      var stays = true
      for _ in 0..<5 {
        try? await Task.sleep(for: .milliseconds(1))
        stays = stays && pthread_equal(thread, pthread_self()) != 0
        await Task.yield()
        stays = stays && pthread_equal(thread, pthread_self()) != 0
      }
      await withCheckedContinuation { continuation in Thread.detachNewThread { continuation.resume() } }
      return .text("\(stays && pthread_equal(thread, pthread_self()) != 0)")
    }
    let connection = try harness.connect()
    for _ in 0..<10 { #expect(try connection.exchange().text == "true") }
  }

  @Test func `draining answers what is under way and closes what is idle`() throws {
    let harness = try PoolHarness { .text("\(await $0.body.readAll().count)") }
    let idle = try harness.connect()
    _ = try idle.exchange()
    let busy = try harness.connect()
    try busy.write(FastCGIConnection.begin("PUT", parameters: [("CONTENT_LENGTH", "10")]))
    #expect(eventually { harness.pool.threads.slowClients == 1 })
    let pool = harness.pool
    let drained = Background { pool.drain(.stop, timeout: .seconds(60), further: PoolHarness.nothing) }
    #expect(try idle.isClosed())
    try busy.write(FastCGIConnection.body(.init(repeating: 1, count: 10)) + FastCGIConnection.endOfBody)
    #expect(try busy.answer().text == "10")
    #expect(try busy.isClosed())
    #expect(try drained.wait() == true)
  }

  @Test func `draining answers a request whose header has arrived in part`() throws {
    let gate = Gate()
    defer { gate.open() }
    let harness = try PoolHarness(threads: 1) { request in
      if request.path == "/held" { gate.pass(request.path) }
      return .text(request.path)
    }
    let kept = try harness.connect()
    #expect(try kept.exchange("GET", "/first").text == "/first")
    #expect(eventually { harness.pool.threads.busy == 0 })
    // While the only thread is at work, nobody takes what arrives on the other connection.
    let held = try harness.connect()
    try held.write(FastCGIConnection.begin("GET", "/held") + FastCGIConnection.endOfBody)
    #expect(eventually { gate.inside == 1 })
    let header = FastCGIConnection.begin("GET", "/second")
    try kept.write(Array(header.prefix(20)))
    let orders = Orders()
    let pool = harness.pool
    let drained = Background { pool.drain(.stop, timeout: .seconds(60), further: orders.next) }
    #expect(eventually { orders.waits >= 2 })
    try kept.write(Array(header.dropFirst(20)) + FastCGIConnection.endOfBody)
    gate.open()
    #expect(try held.answer().text == "/held")
    #expect(try kept.answer().text == "/second")
    #expect(try drained.wait() == true)
  }

  @Test func `draining gives up at its deadline`() throws {
    let harness = try PoolHarness { .text("\(await $0.body.readAll().count)") }
    let busy = try harness.connect()
    try busy.write(FastCGIConnection.begin("PUT", parameters: [("CONTENT_LENGTH", "10")]))
    #expect(eventually { harness.pool.threads.slowClients == 1 })
    #expect(!harness.drain(within: .milliseconds(50)))
  }

  @Test(arguments: [ControlSocket.Order.handOver, .move])
  func `a pool that others replace waits for requests without a bound, until it is told to stop`(
    order: ControlSocket.Order
  ) throws {
    let harness = try PoolHarness { .text("\(await $0.body.readAll().count)") }
    let requests = try (0..<2).map { _ in try harness.connect() }
    for request in requests {
      try request.write(FastCGIConnection.begin("PUT", parameters: [("CONTENT_LENGTH", "10")]))
    }
    #expect(eventually { harness.pool.threads.slowClients == 2 })
    let orders = Orders()
    let drained = harness.drain(order, timeout: .zero, further: orders.next)
    #expect(eventually { orders.waits >= 3 })
    try requests[0].write(FastCGIConnection.body(.init(repeating: 1, count: 10)) + FastCGIConnection.endOfBody)
    #expect(try requests[0].answer().text == "10")
    orders.give(.stop)
    #expect(try drained.wait() == false)
    try requests[1].write(FastCGIConnection.body(.init(repeating: 1, count: 10)) + FastCGIConnection.endOfBody)
    #expect(try requests[1].answer().text == "10")
  }

  @Test(arguments: [ControlSocket.Order.move, .abandon])
  func `a pool whose socket nobody needs any more answers those that wait, and further ones are refused`(
    order: ControlSocket.Order
  ) throws {
    let gate = Gate()
    defer { gate.open() }
    let harness = try PoolHarness(threads: 1) { request in
      gate.pass(request.path)
      return .text(request.path)
    }
    let connections = try (0..<4).map { number in
      let connection = try harness.connect()
      try connection.write(FastCGIConnection.begin("GET", "\(number)") + FastCGIConnection.endOfBody)
      // The others wait to be accepted.
      #expect(eventually { gate.inside == 1 })
      return connection
    }
    let drained = harness.drain(order)
    #expect(eventually { (try? harness.connect()) == nil })
    gate.open()
    for (number, connection) in connections.enumerated() { #expect(try connection.answer().text == "\(number)") }
    #expect(try drained.wait() == true)
  }

  @Test func `a pool that others replace refuses connections once the supervisor is gone`() throws {
    let harness = try PoolHarness { .text("\(await $0.body.readAll().count)") }
    let busy = try harness.connect()
    try busy.write(FastCGIConnection.begin("PUT", parameters: [("CONTENT_LENGTH", "10")]))
    #expect(eventually { harness.pool.threads.slowClients == 1 })
    let orders = Orders()
    let drained = harness.drain(.handOver, further: orders.next)
    #expect(eventually { orders.waits >= 1 })
    #expect((try? harness.connect()) != nil)
    orders.give(.abandon)
    #expect(eventually { (try? harness.connect()) == nil })
    try busy.write(FastCGIConnection.body(.init(repeating: 1, count: 10)) + FastCGIConnection.endOfBody)
    #expect(try busy.answer().text == "10")
    #expect(try drained.wait() == true)
  }

  @Test func `a pool that retires hands its connections to another one, which answers on them`() throws {
    let (sending, receiving) = try Descriptor.socketPair(SOCK_SEQPACKET)
    let handover = Handover(sending: sending.raw, receiving: receiving.raw)
    let old = try PoolHarness(handover: handover) { request in
      _ = await request.body.readAll()
      return .text("old")
    }
    let idle = try (0..<40).map { _ in try old.connect() }
    for connection in idle { #expect(try connection.exchange().text == "old") }
    let busy = try old.connect()
    try busy.write(FastCGIConnection.begin("PUT", parameters: [("CONTENT_LENGTH", "10")]))
    #expect(eventually { old.pool.threads.slowClients == 1 })
    let drained = old.drain(.handOver)
    // Connections wait in the pair until there is who takes them; so none is lost if the new pool is late.
    let new = try PoolHarness(handover: handover, sharing: old) { _ in .text("new") }
    for connection in idle {
      #expect(eventually { (try? connection.exchange().text) == "new" })
    }
    try busy.write(FastCGIConnection.body(.init(repeating: 1, count: 10)) + FastCGIConnection.endOfBody)
    #expect(try busy.answer().text == "old")
    #expect(try drained.wait() == true)
    #expect(try busy.exchange().text == "new")
    // They share the socket.
    #expect(try new.connect().exchange().text == "new")
    withExtendedLifetime((sending, receiving, new)) {}
  }

  @Test func `what pools pass on that retire at the same time reaches the one that stays`() throws {
    // The system tells one pool of a connection, which may be one that retires as well.
    for _ in 0..<50 {
      let (sending, receiving) = try Descriptor.socketPair(SOCK_SEQPACKET)
      let handover = Handover(sending: sending.raw, receiving: receiving.raw)
      let first = try PoolHarness(handover: handover) { _ in .text("old") }
      let idle = try (0..<8).map { _ in try first.connect() }
      for connection in idle { #expect(try connection.exchange().text == "old") }
      let others = try (0..<8).map { _ in
        try PoolHarness(handover: handover, sharing: first) { _ in .text("old") }
      }
      let new = try PoolHarness(handover: handover, sharing: first) { _ in .text("new") }
      let retiring = ([first] + others).map { $0.drain(.handOver) }
      for connection in idle { #expect(eventually { (try? connection.exchange().text) == "new" }) }
      for pool in retiring { #expect(try pool.wait() == true) }
      withExtendedLifetime((sending, receiving, new)) {}
    }
  }
}

/// What a test has the supervisor say while a pool is ending.
private final class Orders: Sendable {
  private let state = Mutex<(waits: Int, order: ControlSocket.Order?)>((0, nil))

  /// How often the pool has waited for an order.
  var waits: Int { state.withLock { $0.waits } }

  func give(_ order: ControlSocket.Order) { state.withLock { $0.order = order } }

  func next(within duration: Duration) -> ControlSocket.Order? {
    _ = PoolHarness.nothing(within: duration)
    return state.withLock { state in
      state.waits += 1
      defer { state.order = nil }
      return state.order
    }
  }
}

/// Holds requests up until they are let go, the first one first.
private final class Gate: Sendable {
  private struct State {
    var begun: [String] = []
    var inside: [(path: String, leave: DispatchSemaphore)] = []
    var isOpen = false
  }

  private let state = Mutex(State())

  /// The paths of the requests that have come, in their order.
  var begun: [String] { state.withLock { $0.begun } }
  /// How many are held up.
  var inside: Int { state.withLock { $0.inside.count } }

  func pass(_ path: String) {
    let leave = DispatchSemaphore(value: 0)
    let waits = state.withLock { state in
      state.begun.append(path)
      if !state.isOpen { state.inside.append((path, leave)) }
      return !state.isOpen
    }
    if waits { leave.wait() }
  }

  /// Lets one go. Returns its path.
  func release() -> String? {
    let first = state.withLock { $0.inside.isEmpty ? nil : $0.inside.removeFirst() }
    first?.leave.signal()
    return first?.path
  }

  /// Lets all go that are held up, and those that come.
  func open() {
    state.withLock { $0.isOpen = true }
    while release() != nil {}
  }
}
