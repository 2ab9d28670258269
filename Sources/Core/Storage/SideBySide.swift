/// Work on many things, several at a time: for calls that wait for another machine (``StorageDriver/concurrency``).
package enum SideBySide {
  /// Does something with each of `items`: one after the other, or up to `width` of them at a time.
  /// - Parameters:
  ///   - check: before each. Once it throws, no more are begun; those that were are waited for.
  ///   - done: with what came of each, in the order in which they end.
  package static func forEach<Item: Sendable, Answer: Sendable, Failure: Error>(
    _ items: [Item], width: Int, check: () throws(Failure) -> Void,
    _ work: @escaping @Sendable (Item) async -> Answer, done: (Item, Answer) -> Void
  ) async throws(Failure) {
    guard width > 1, items.count > 1 else {
      for item in items {
        try check()
        done(item, await work(item))
      }
      return
    }
    var failure: Failure?
    await withTaskGroup(of: (Item, Answer).self) { group in
      var rest = items[...]
      var running = 0
      while true {
        while running < width, failure == nil, let item = rest.popFirst() {
          do throws(Failure) { try check() } catch { failure = error }
          guard failure == nil else { break }
          group.addTask { (item, await work(item)) }
          running += 1
        }
        guard let (item, answer) = await group.next() else { break }
        running -= 1
        done(item, answer)
      }
    }
    if let failure { throw failure }
  }

  /// What `work` makes of each of `items`, in their order. Once it fails, no more are begun; the first failure is
  /// thrown.
  package static func map<Item: Sendable, Answer: Sendable, Failure: Error>(
    _ items: [Item], width: Int, _ work: @escaping @Sendable (Item) async throws(Failure) -> Answer
  ) async throws(Failure) -> [Answer] {
    guard width > 1, items.count > 1 else {
      var answers: [Answer] = []
      answers.reserveCapacity(items.count)
      for item in items { answers.append(try await work(item)) }
      return answers
    }
    var failure: Failure?
    var answers = [Answer?](repeating: nil, count: items.count)
    try await forEach(Array(items.enumerated()), width: width) { () throws(Failure) in
      if let failure { throw failure }
    } _: { (_, item) in
      await outcome { () async throws(Failure) in try await work(item) }
    } done: { (item, result) in
      switch result {
      case .success(let answer): answers[item.offset] = answer
      case .failure(let error): failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return answers.compactMap { $0 }
  }
}

/// What a call answers, or why it fails.
func outcome<Value, Failure: Error>(
  _ body: () async throws(Failure) -> Value
) async -> Result<Value, Failure> {
  do throws(Failure) {
    return .success(try await body())
  } catch {
    return .failure(error)
  }
}
