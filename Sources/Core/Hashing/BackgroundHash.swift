/// The hash of content that streams by: one buffer is hashed on another core while the next one arrives and is written.
struct BackgroundHash {
  private var state: State

  private enum State {
    case ready(ContentHasher)
    case running(Task<ContentHasher, Never>)
  }

  /// Goes on from `hasher`.
  init(_ hasher: ContentHasher) {
    state = .ready(hasher)
  }

  /// Takes the first `count` bytes of a buffer, which must not be changed before the next call of any method has
  /// returned.
  mutating func begin(_ buffer: IOBuffer, first count: Int) async {
    let hasher = await current()
    // The buffer is read alone until the task has been waited for, as the caller promises.
    nonisolated(unsafe) let buffer = buffer
    state = .running(
      Task.detached {
        var hasher = hasher
        hasher.update(buffer.bytes.extracting(first: count))
        return hasher
      })
  }

  /// Takes the first `count` bytes of a buffer at once.
  mutating func update(_ buffer: IOBuffer, first count: Int) async {
    var hasher = await current()
    hasher.update(buffer.bytes.extracting(first: count))
    state = .ready(hasher)
  }

  /// Over all that was taken.
  mutating func current() async -> ContentHasher {
    switch state {
    case .ready(let hasher):
      return hasher
    case .running(let task):
      let hasher = await task.value
      state = .ready(hasher)
      return hasher
    }
  }
}
