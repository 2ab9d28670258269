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
  /// Whether it ends with the task: where it only asks, or copies, which may be done again. What writes a note of what is
  /// there, or cleans up, does not.
  var isCancellable: Bool

  init(_ operation: S3Operation, _ method: String, _ key: String = "") {
    self.operation = operation
    self.method = method
    self.key = key
    isCancellable = method == "GET" || method == "HEAD" || operation == .copyObject || operation == .uploadPartCopy
  }

  /// Until the answer's head: a store, or a line, that takes less than 100 KB/s is as good as none.
  var timeout: Duration {
    operation.patience + .milliseconds((body?.readableBytes ?? 0) / 100)
  }

  /// For the log. No secret is in it.
  var description: String {
    "\(method) \(key.isEmpty ? "the bucket" : key)"
  }
}
