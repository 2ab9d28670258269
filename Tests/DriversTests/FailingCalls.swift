import Glibc
import TestSupport
import Testing

/// A system call that a test makes fail.
enum FailingCall: Sendable, CaseIterable {
  case fsync, openat2, pwrite, close, renameat, renameat2, mkdirat, unlinkat, utimensat

  fileprivate var number: UInt32 {
    #if arch(x86_64)
      switch self {
      case .fsync: 74
      case .openat2: 437
      case .pwrite: 18
      case .close: 3
      case .renameat: 264
      case .renameat2: 316
      case .mkdirat: 258
      case .unlinkat: 263
      case .utimensat: 280
      }
    #else
      switch self {
      case .fsync: 82
      case .openat2: 437
      case .pwrite: 68
      case .close: 57
      case .renameat: 38
      case .renameat2: 276
      case .mkdirat: 34
      case .unlinkat: 35
      case .utimensat: 88
      }
    #endif
  }
}

/// Runs `body` on a thread of its own on which the kernel refuses a system call (a seccomp filter), as a disk or a
/// process that fails would. The body must not suspend.
func failing(
  _ call: FailingCall, with code: Int32, _ body: @escaping @Sendable () async throws -> Void
) async throws {
  // The filtered thread must wake nobody, lest a new thread of the pool inherit its filter.
  try await onThreads(1) { _ in
    let work = FilteredWork(call: call, code: code, body: body)
    var thread = pthread_t()
    let started = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<FilteredWork>.fromOpaque(argument).takeUnretainedValue().run()
        return nil
      }, Unmanaged.passUnretained(work).toOpaque())
    try #require(started == 0)
    pthread_join(thread, nil)
    try withExtendedLifetime(work) { try work.outcome.get() }
  }
}

/// Passed to one thread, and read when that has ended.
private final class FilteredWork: @unchecked Sendable {
  struct Refused: Error {}

  private let call: FailingCall
  private let code: Int32
  private let body: @Sendable () async throws -> Void
  private(set) var outcome: Result<Void, any Error> = .failure(CancellationError())

  init(call: FailingCall, code: Int32, body: @escaping @Sendable () async throws -> Void) {
    self.call = call
    self.code = code
    self.body = body
  }

  func run() {
    guard install() else {
      outcome = .failure(Refused())
      return
    }
    Task.immediate {
      do {
        try await self.body()
        self.outcome = .success(())
      } catch {
        self.outcome = .failure(error)
      }
    }
  }

  /// One instruction of the filter, as the kernel reads it.
  private static func instruction(_ code: UInt64, ifFalseSkip skip: UInt64 = 0, _ value: UInt32) -> UInt64 {
    code | skip << 24 | UInt64(value) << 32
  }

  private func install() -> Bool {
    // Swift can't see a function of variable arguments; this one takes whole registers.
    typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    guard let symbol = dlsym(nil, "prctl") else { return false }
    let control = unsafeBitCast(symbol, to: Control.self)
    let program = [
      Self.instruction(0x20, 0),  // load the call's number
      Self.instruction(0x15, ifFalseSkip: 1, call.number),
      Self.instruction(0x06, 0x0005_0000 | UInt32(code)),  // fail
      Self.instruction(0x06, 0x7fff_0000),  // allow
    ]
    return program.withUnsafeBufferPointer { program in
      var header = (UInt64(program.count), UInt64(UInt(bitPattern: program.baseAddress)))
      return withUnsafePointer(to: &header) { header in
        control(38, 1, 0, 0, 0) == 0 && control(22, 2, UInt(bitPattern: header), 0, 0) == 0
      }
    }
  }
}
