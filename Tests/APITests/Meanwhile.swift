import Synchronization

/// That something has come about.
final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }

  /// Waits for it, or for a moment.
  func untilSetOrStuck() async {
    let begin = ContinuousClock.now
    while !isSet, ContinuousClock.now - begin < .milliseconds(25) { try? await Task.sleep(for: .microseconds(200)) }
  }
}

/// Something that goes on beside what a test stops for its sake.
final class Meanwhile<Answer: Sendable>: Sendable {
  private let task: Task<Answer, any Error>
  private let isOver: Flag

  init(_ body: @escaping @Sendable () async throws -> Answer) {
    let isOver = Flag()
    self.isOver = isOver
    task = Task {
      defer { isOver.set() }
      return try await body()
    }
  }

  /// What it came to.
  var answer: Answer {
    get async throws { try await task.value }
  }

  /// Waits until it is over. Over an object store it may be waiting for the one who waits here: a moment shows.
  func untilDoneOrStuck(_ storage: CollectionSite.Storage, _ hasCome: () -> Bool = { false }) async {
    let begin = ContinuousClock.now
    while !isOver.isSet, !hasCome() {
      if storage == .objects, ContinuousClock.now - begin > .milliseconds(25) { return }
      try? await Task.sleep(for: .microseconds(200))
    }
  }
}
