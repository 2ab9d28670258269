import Core

/// The body of a FastCGI request.
///
/// If the body breaks off, what arrived is delivered first; then `.clientGone` is thrown, also for a chunked body,
/// which has no length.
final class FastCGIBody: RequestBody {
  private let input: StandardInput
  private let slot: SlowClientSlot
  /// Bytes that are still to come; nil where that is not known.
  private var remaining: Int64?
  private var state = State.open

  private enum State {
    case open, ended, broken
  }

  init(_ input: StandardInput, length: Int64?, slot: SlowClientSlot) {
    self.input = input
    self.remaining = length
    self.slot = slot
    if length == 0 { state = .ended }
  }

  /// Whether all of it has been read.
  var isOver: Bool { state == .ended }

  func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int {
    switch state {
    case .open: break
    case .ended: return 0
    case .broken: throw .clientGone
    }
    let wanted = min(buffer.free, remaining.map { Int(clamping: $0) } ?? .max)
    var isRefused = false
    let count = buffer.append(limit: wanted) { room in
      let piece = input.read(into: room, isAllowedToWait: slot.take)
      isRefused = piece.isRefused
      return piece.count
    }
    remaining = remaining.map { $0 - Int64(count) }
    if isRefused {
      // Deliver what has arrived; the next read finds more, or is refused itself.
      if count == 0 { throw .overloaded }
      return count
    }
    if remaining == 0 {
      state = .ended
    } else if count < wanted {
      state = remaining == nil && input.state == .ended ? .ended : .broken
    }
    guard state != .open else { return count }
    slot.release()
    if state == .broken && count == 0 { throw .clientGone }
    return count
  }
}
