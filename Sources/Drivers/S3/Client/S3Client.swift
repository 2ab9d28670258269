import Core
import NIOCore
import Synchronization

/// Sends signed requests to one bucket, and repeats them if that may help.
final class S3Client: Sendable {
  let endpoint: S3Endpoint
  let statistics = S3Statistics()
  private let transport: HTTPTransport
  private let signer: SigV4Signer
  private let credentials: S3CredentialProvider
  private let userAgent: String
  private let budget = RetryBudget()
  /// This machine's time, in nanoseconds since 1970.
  private let clock: @Sendable () -> Int64
  /// Nanoseconds by which the store's clock is ahead of ours, once it has refused our time.
  private let clockOffset = Atomic<Int64>(0)
  /// Whether the store requires entity tags in conditions without their quotes.
  let comparesBareTags = Atomic(false)

  /// Bytes of an answer that is read whole: a list of 1,000 long keys has less than half of it.
  private static let maximumAnswer = 4 << 20

  init(
    _ endpoint: S3Endpoint, _ signer: SigV4Signer, _ credentials: S3CredentialProvider, _ transport: HTTPTransport,
    userAgent: String, clock: @escaping @Sendable () -> Int64
  ) {
    self.endpoint = endpoint
    self.signer = signer
    self.credentials = credentials
    self.transport = transport
    self.userAgent = userAgent
    self.clock = clock
  }

  /// Sends a request; returns a successful answer, whose body has yet to be read.
  func send(_ request: S3Request) async throws(S3Failure) -> HTTPTransportResponse {
    try await attempt(request, collecting: request.operation.mayFailLate ? Self.maximumAnswer : nil).response
  }

  /// Sends a request; returns a successful answer with its body, which is `limit` bytes at the most.
  func collect(
    _ request: S3Request, limit: Int
  ) async throws(S3Failure) -> (response: HTTPTransportResponse, body: ByteBuffer) {
    let success = try await attempt(request, collecting: limit)
    return (success.response, success.body ?? ByteBuffer())
  }

  /// Sends a request; returns the XML of a successful answer, nil where it has no body.
  @discardableResult
  func document(_ request: S3Request) async throws(S3Failure) -> XMLElement? {
    try await attempt(request, collecting: Self.maximumAnswer).body.flatMap { XMLElement(parsing: $0) }
  }

  /// A presigned URL: a client that has it can send `request` for the given time.
  /// - Parameter endpoint: the URL's host; nil: the endpoint that the registry uses itself.
  func presigned(
    _ request: S3Request, for lifetime: Duration, at endpoint: S3Endpoint? = nil
  ) async throws(StorageError) -> String {
    let endpoint = endpoint ?? self.endpoint
    let path = endpoint.path(of: request.key)
    let query = signer.presignedQuery(
      method: request.method, host: endpoint.hostField, path: path, query: request.query,
      expires: Int(lifetime.components.seconds), credentials: try await credentials.credentials(), at: now)
    return "\(endpoint.scheme)://\(endpoint.hostField)\(path)?\(query)"
  }

  /// The store's time, as far as it is known.
  var now: Int64 { WallClock.clamped(clock() + clockOffset.load(ordering: .relaxed)) }

  // MARK: - Attempts

  private typealias Success = (response: HTTPTransportResponse, body: ByteBuffer?)

  private func attempt(_ request: S3Request, collecting limit: Int?) async throws(S3Failure) -> Success {
    var attempt = 1
    while true {
      // The HTTP client notices a cancellation late, and may have the answer before.
      if request.isCancellable, Task.isCancelled { throw S3Failure(HTTPTransportError(.cancelled)) }
      let identity: S3Credentials
      do {
        identity = try await credentials.credentials()
      } catch {
        throw S3Failure(credentials: error)
      }
      do throws(S3Failure) {
        let success = try await shielded(request, identity, isRetry: attempt > 1, collecting: limit)
        budget.earn()
        return success
      } catch {
        if !error.isNotFound && !error.isConditionFailed { statistics.failed(request.operation) }
        let failure = await explained(error, request, identity)
        switch Retry(failure, attempt: attempt) {
        case .no: throw failure
        case .later:
          guard budget.take() else { throw failure }
          try? await Task.sleep(for: Retry.pause(attempt: attempt, random: .random(in: 0..<1)))
        case .withNewCredentials: credentials.invalidate(identity)
        case .withItsClock: break
        }
        attempt += 1
      }
    }
  }

  /// For a failed HEAD: sends a GET instead, whose answer has a body that says whether the clock or the credentials are
  /// wrong.
  private func explained(
    _ failure: S3Failure, _ request: S3Request, _ identity: S3Credentials
  ) async -> S3Failure {
    guard request.method == "HEAD", failure.status == 400 || failure.status == 403 else { return failure }
    var question = S3Request(.getObject, "GET", request.key)
    question.fields = [("Range", "bytes=0-0")]
    do throws(S3Failure) {
      _ = try await once(question, identity, isRetry: false, collecting: 1 << 10)
      return failure
    } catch {
      return error.status == 400 || error.status == 403 ? error : failure
    }
  }

  /// Runs a request that must not be cancelled with the caller's task in a task of its own.
  private func shielded(
    _ request: S3Request, _ identity: S3Credentials, isRetry: Bool, collecting limit: Int?
  ) async throws(S3Failure) -> Success {
    guard !request.isCancellable else {
      return try await once(request, identity, isRetry: isRetry, collecting: limit)
    }
    let exchange = Task { () -> Result<Success, S3Failure> in
      do throws(S3Failure) {
        return .success(try await once(request, identity, isRetry: isRetry, collecting: limit))
      } catch {
        return .failure(error)
      }
    }
    return try await exchange.value.get()
  }

  private func once(
    _ request: S3Request, _ identity: S3Credentials, isRetry: Bool, collecting limit: Int?
  ) async throws(S3Failure) -> Success {
    let begin = ContinuousClock.now
    let response: HTTPTransportResponse
    do {
      defer { statistics.sent(request, isRetry: isRetry, took: .now - begin) }
      response = try await transport.send(signed(request, identity), within: request.timeout)
    } catch {
      throw S3Failure(error)
    }
    let length =
      request.method == "HEAD" ? nil : response.field("Content-Length").flatMap { Decimal.bytes($0) }.map { Int($0) }
    statistics.received(request.operation, bytes: length ?? 0)
    guard (200..<300).contains(response.status) else {
      let body = request.method == "HEAD" ? nil : try? await response.content(limit: 64 << 10)
      let failure = S3Failure(
        status: response.status, body: body.flatMap { XMLElement(parsing: $0) },
        field: response.field("x-amz-bucket-region"))
      if failure.code == "RequestTimeTooSkewed" { learnClock(from: response) }
      throw failure
    }
    guard let limit else { return (response, nil) }
    let body: ByteBuffer
    do throws(HTTPTransportError) {
      body = try await response.content(limit: limit)
      if let length, body.readableBytes != length { throw HTTPTransportError(.lost, "the answer broke off") }
    } catch {
      throw S3Failure(error)
    }
    if request.operation.mayFailLate, let document = XMLElement(parsing: body), document.name == "Error" {
      throw S3Failure(status: response.status, body: document)
    }
    return (response, body)
  }

  private func learnClock(from response: HTTPTransportResponse) {
    guard let offset = response.field("Date").flatMap({ HTTPDate.offset(of: $0, from: clock()) }) else { return }
    clockOffset.store(offset, ordering: .relaxed)
  }

  private func signed(_ request: S3Request, _ identity: S3Credentials) -> HTTPTransportRequest {
    let path = endpoint.path(of: request.key)
    let query = S3RequestTarget.query(request.query)
    var outgoing = HTTPTransportRequest(
      request.method,
      "\(endpoint.scheme)://\(endpoint.hostField)\(path)\(query.isEmpty ? "" : "?" + query)")
    outgoing.fields = request.fields
    outgoing.fields.append(("User-Agent", userAgent))
    outgoing.fields += signer.headers(
      method: request.method, host: endpoint.hostField, path: path, query: request.query, headers: request.fields,
      payloadHash: payloadHash(request.body), credentials: identity, at: now)
    outgoing.fields.append(("Host", endpoint.hostField))
    outgoing.body = request.body
    return outgoing
  }

  /// No hash over TLS, which protects the body already.
  private func payloadHash(_ body: ByteBuffer?) -> SigV4PayloadHash {
    guard let body, body.readableBytes > 0 else { return .empty }
    if endpoint.scheme == "https" { return .unsigned }
    var hasher = ContentHasher(.sha256)
    body.withUnsafeReadableBytes { hasher.update($0.bytes) }
    return .digest(String(hasher.finalize().hex))
  }
}

extension S3Failure {
  /// A failure because there are no credentials.
  fileprivate init(credentials error: StorageError) {
    self.init(malformed: "")
    code = "NoCredentials"
    message = error.description
    if error.code == .unavailable { transport = .lost }
    if error.code == .cancelled { transport = .cancelled }
  }
}
