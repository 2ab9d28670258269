import Core

/// Concatenates pieces to groups, some hundred at a time, if there are more pieces than an object can have parts.
struct S3Grouping {
  private let driver: S3Driver
  private let path: StoragePath
  private let writer: String

  init(_ driver: S3Driver, _ path: StoragePath, _ writer: String) {
    self.driver = driver
    self.path = path
    self.writer = writer
  }

  /// Bytes of a group: no more than one request can copy.
  private static let groupSize = S3Sizes.largestPart

  /// The objects to copy: the file's pieces, or groups of them.
  func sources(_ file: S3UnfinishedFile) async throws(S3Failure) -> [S3Range] {
    let pieces = file.pieces
    guard pieces.count >= S3Sizes.mostParts else { return pieces.map { source($0.run, $0.number) } }
    var sources: [S3Range] = []
    var group: [S3Range] = []
    var size: Int64 = 0
    for (run, number) in pieces {
      if size + run.pieceSize > Self.groupSize || group.count == S3Sizes.mostParts {
        sources.append(try await assemble(group, size, sources.count))
        (group, size) = ([], 0)
      }
      group.append(source(run, number))
      size += run.pieceSize
    }
    sources.append(try await assemble(group, size, sources.count))
    return sources
  }

  private func source(_ run: S3UnfinishedFile.Run, _ number: Int) -> S3Range {
    S3Range(key: driver.keys.piece(path, run.writer, number), bytes: nil)
  }

  private func assemble(_ group: [S3Range], _ size: Int64, _ number: Int) async throws(S3Failure) -> S3Range {
    if group.count == 1 { return group[0] }
    let key = driver.keys.group(path, writer, number)
    try await S3Assembly(driver.client, driver.options, driver.sizes).assemble(group, tail: nil, size: size, to: key)
    return S3Range(key: key, bytes: nil)
  }
}
