import Core
import NIOCore

/// The state of a file that is being written: a list of its pieces, which are objects of their own, and the bytes after
/// them, which are less than a piece and stored in this object.
///
/// So a small chunk costs one small object, however long the file is, and every byte that was acknowledged can be read.
/// The object is replaced with If-Match: of two writers that each believe to have the lease, one fails.
struct S3UnfinishedFile: Sendable, Equatable {
  /// Pieces of one size that one writer has written one after the other.
  struct Run: Sendable, Equatable {
    /// See ``S3Lease/writer``.
    var writer: String
    /// The number of the first one.
    var first: Int
    var count: Int
    /// Bytes of each.
    var pieceSize: Int64
  }

  var runs: [Run] = []
  var tail = ByteBuffer()

  /// Maximum bytes of the object, which is read into memory.
  static let largest = 16 << 20
  /// Maximum number of pieces. Not reached in practice: pieces double in size long before.
  private static let mostPieces: Int64 = 1 << 20
  /// The form's name and version.
  private static let title = "berth-upload 1"

  /// Bytes of the file.
  var size: Int64 { runs.reduce(Int64(tail.readableBytes)) { $0 + Int64($1.count) * $1.pieceSize } }

  /// How many pieces there are.
  var pieceCount: Int { runs.reduce(0) { $0 + $1.count } }

  /// The pieces in order.
  var pieces: [(run: Run, number: Int)] {
    runs.flatMap { run in (run.first..<run.first + run.count).map { (run, $0) } }
  }

  /// Nothing yet.
  init() {}

  /// Adds one piece.
  mutating func append(_ number: Int, by writer: String, size: Int) {
    if let last = runs.last, last.writer == writer, last.pieceSize == size, last.first + last.count == number {
      runs[runs.count - 1].count += 1
    } else {
      runs.append(Run(writer: writer, first: number, count: 1, pieceSize: Int64(size)))
    }
  }

  /// The object's content: a line for each run, an empty line, and the bytes after the pieces.
  var document: ByteBuffer {
    var text = Self.title + "\n"
    for run in runs { text += "\(run.writer) \(run.first) \(run.count) \(run.pieceSize)\n" }
    var document = ByteBuffer(string: text + "\n")
    document.writeImmutableBuffer(tail)
    return document
  }

  /// nil where it is no such document.
  init?(parsing document: ByteBuffer) {
    var document = document
    var pieces: Int64 = 0
    guard Self.line(&document) == Self.title else { return nil }
    while let line = Self.line(&document) {
      if line.isEmpty {
        tail = document
        return
      }
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      guard fields.count == 4, !fields[0].isEmpty, fields[0].utf8.allSatisfy({ $0 != UInt8(ascii: "/") }),
        let first = Decimal.exact(fields[1].utf8), let count = Decimal.exact(fields[2].utf8),
        let size = Decimal.exact(fields[3].utf8), first <= Self.mostPieces,
        (1...Self.mostPieces).contains(count), (1...S3Sizes.largestPart).contains(size)
      else { return nil }
      runs.append(Run(writer: String(fields[0]), first: Int(first), count: Int(count), pieceSize: size))
      pieces += count
      guard pieces <= Self.mostPieces else { return nil }
    }
    return nil
  }

  private static func line(_ document: inout ByteBuffer) -> String? {
    guard let end = document.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let line = document.readString(length: end - document.readerIndex)
    document.moveReaderIndex(forwardBy: 1)
    return line
  }
}
