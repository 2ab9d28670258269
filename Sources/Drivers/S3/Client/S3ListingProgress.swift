/// Makes sure that a paged listing ends: fails if a store returns the same pages again and again, or only empty pages.
struct S3ListingProgress {
  private var last = ""
  private var idlePages = 0

  /// How many pages in a row may contain no key greater than all before. Pages may be empty (Amazon S3 API Reference,
  /// ListObjectsV2: "zero or more"), or consist of 1,000 uploads of one key.
  static let patience = 100

  /// Call it for each page but the last. Keys come in the order of their bytes.
  /// - Parameter greatest: the greatest key or prefix that it names; nil where it names nothing.
  mutating func passed(_ greatest: String?) throws(S3Failure) {
    if let greatest, last.utf8.lexicographicallyPrecedes(greatest.utf8) {
      last = greatest
      idlePages = 0
    } else {
      idlePages += 1
      guard idlePages < Self.patience else {
        throw S3Failure(malformed: "end: pages follow that name nothing new")
      }
    }
  }
}
