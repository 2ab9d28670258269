import Core
import Glibc

/// How long a writer waits for another: a request that broke may still be letting go of the file.
///
/// Short, since it holds a thread that others may need.
public let writerPatience = Duration.milliseconds(100)

/// Calls `open` until it answers something, and blocks the thread in between. Throws `.busy` when that takes longer
/// than `patience`.
/// - Parameter operation: for the message.
func untilFree<Opened>(
  _ operation: @autoclosure () -> String, patience: Duration, _ open: () throws(StorageError) -> Opened?
) throws(StorageError) -> Opened {
  let deadline = ContinuousClock.now + patience
  var pause: UInt32 = 1000
  while true {
    if let opened = try open() { return opened }
    guard !Task.isCancelled else { throw StorageError(.cancelled, operation()) }
    guard ContinuousClock.now < deadline else {
      throw StorageError(.busy, operation(), cause: "another writer has it")
    }
    usleep(pause)
    pause = min(2 * pause, 50_000)
  }
}
