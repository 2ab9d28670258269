import Synchronization

/// Something that goes on beside what a test stops for its sake.
final class Meanwhile<Answer: Sendable>: Sendable {
  private let task: Task<Answer, any Error>
  private let isOver: Flag

  /// That something is over.
  final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }

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
