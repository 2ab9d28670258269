/// The pages of a list, one after the other: see ``S3Client/page(of:delimiter:continuing:limit:isCancellable:)``.
struct S3Pages {
  private let client: S3Client
  private let prefix: String
  private let delimiter: String?
  private let isCancellable: Bool
  private var token: String?
  private var isOver = false
  private var progress = S3ListingProgress()

  init(_ client: S3Client, of prefix: String, delimiter: String? = nil, isCancellable: Bool = true) {
    self.client = client
    self.prefix = prefix
    self.delimiter = delimiter
    self.isCancellable = isCancellable
  }

  /// The next page; nil after the last one.
  mutating func next() async throws(S3Failure) -> S3Page? {
    guard !isOver else { return nil }
    let page = try await client.page(
      of: prefix, delimiter: delimiter, continuing: token, isCancellable: isCancellable)
    token = page.next
    isOver = token == nil
    if !isOver { try progress.passed(page.greatest) }
    return page
  }
}
