import Core

/// A file's content in pieces, so that a large one grows without being copied, and a reader's copy shares them.
struct InMemoryFile: Sendable {
  /// Distinguishes it from a later file at the same path.
  let identity: UInt64
  private(set) var size: Int64 = 0
  private(set) var modified = WallClock.now
  private var pieces: [[UInt8]] = []
  /// All pieces but the last are full.
  private static let pieceSize = 1 << 20

  /// An empty file.
  init(identity: UInt64) {
    self.identity = identity
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !rest.isEmpty {
      if pieces.last.map({ $0.count == InMemoryFile.pieceSize }) ?? true { pieces.append([]) }
      let last = pieces.count - 1
      let part = rest.prefix(InMemoryFile.pieceSize - pieces[last].count)
      pieces[last].append(contentsOf: part)
      rest = rest.dropFirst(part.count)
    }
    size += Int64(bytes.count)
    modified = WallClock.now
  }

  mutating func truncate() {
    pieces = []
    size = 0
    modified = WallClock.now
  }

  mutating func touch() {
    modified = WallClock.now
  }

  /// The content from `offset` on, as far as there is room. Returns the number of bytes.
  func copy(from offset: Int64, into room: UnsafeMutableRawBufferPointer) -> Int {
    guard offset < size else { return 0 }
    var copied = 0
    var piece = Int(offset) / InMemoryFile.pieceSize
    var start = Int(offset) % InMemoryFile.pieceSize
    while piece < pieces.count, copied < room.count {
      let part = pieces[piece][start...].prefix(room.count - copied)
      UnsafeMutableRawBufferPointer(rebasing: room[copied...]).copyBytes(from: part)
      copied += part.count
      piece += 1
      start = 0
    }
    return copied
  }

  /// The whole content.
  var content: [UInt8] {
    pieces.count == 1 ? pieces[0] : Array(pieces.joined())
  }
}
