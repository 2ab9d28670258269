import Core
import NIOCore

extension HTTPTransport {
  /// Sends requests to services that give credentials.
  public var credentialTransport: CredentialTransport {
    { (request, timeout) async throws(StorageError) in
      var outgoing = HTTPTransportRequest(request.method, request.url)
      outgoing.fields = request.headers
      if !request.body.isEmpty { outgoing.body = ByteBuffer(bytes: request.body) }
      do throws(HTTPTransportError) {
        let response = try await self.send(outgoing, within: timeout)
        let content = try await response.content(limit: CredentialRequest.answerLimit)
        return CredentialResponse(status: response.status, body: Array(content.readableBytesView))
      } catch {
        throw StorageError(error.code == .tooLong ? .failed : .unavailable, "\(request)", cause: error.description)
      }
    }
  }
}
