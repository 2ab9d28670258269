/// Holds a list that comes in pages to its end: a store that gives the same pages again and again, or pages with
/// nothing in them, would have it go on for ever.
struct S3ListingProgress {
  private var last = ""
  private var idlePages = 0

  /// Pages in a row that name nothing that comes after all before them. A store may leave out what was removed (Amazon
  /// S3 API Reference, ListObjectsV2: "zero or more"), and has 1,000 uploads of one key in a page.
  static let patience = 100

  /// Takes the next page, one that others follow. Keys come in the order of their bytes.
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
