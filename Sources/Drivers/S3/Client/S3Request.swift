import NIOCore

/// One request to the store, as yet unsigned.
struct S3Request: Sendable {
  var operation: S3Operation
  var method: String
  /// The object; empty for the bucket.
  var key: String
  /// Not encoded.
  var query: [(name: String, value: String)] = []
  var fields: [(name: String, value: String)] = []
  var body: ByteBuffer?
  /// Whether it is cancelled with the task: true for reads and copies, which can be repeated; false for requests that
  /// store state or clean up.
  var isCancellable: Bool

  init(_ operation: S3Operation, _ method: String, _ key: String = "") {
    self.operation = operation
    self.method = method
    self.key = key
    isCancellable = method == "GET" || method == "HEAD" || operation == .copyObject || operation == .uploadPartCopy
  }

  /// Time until the answer's head: fails a store or connection that takes less than 100 KB/s of the body.
  var timeout: Duration {
    operation.patience + .milliseconds((body?.readableBytes ?? 0) / 100)
  }

  /// For the log. No secret is in it.
  var description: String {
    "\(method) \(key.isEmpty ? "the bucket" : key)"
  }
}
