import Core
import HTTPTypes
import TestSupport
import Testing

@testable import FCGIApp

/// What a web server, or whatever else reaches the socket, says of a request.
@Suite(.ownThread) struct RequestParametersFuzzTests {
  private static let samples = [
    """
    REQUEST_METHOD=PUT
    REQUEST_URI=/v2/a/manifests/1?x=1?y
    CONTENT_LENGTH=17
    SERVER_PROTOCOL=HTTP/1.1
    REQUEST_ID=r-1
    HTTP_ACCEPT=a/b
    HTTP_IF_NONE_MATCH="x"
    """,
    """
    REQUEST_METHOD=PATCH
    REQUEST_URI=
    HTTP_TRANSFER_ENCODING=chunked
    SERVER_PROTOCOL=HTTP/2.0
    CONTENT_TYPE=text/plain
    HTTP_CONTENT_RANGE=0-9223372036854775806
    """,
  ]

  /// Calls `body` with the parameters as libfcgi keeps them: one C string each, and a null pointer at the end.
  private func withParameters(_ bytes: [UInt8], _ body: (RequestParameters) -> Void) {
    var entries: [UnsafeMutablePointer<CChar>?] = []
    for line in bytes.split(separator: 10) {
      let entry = UnsafeMutablePointer<CChar>.allocate(capacity: line.count + 1)
      for (index, byte) in line.enumerated() { entry[index] = CChar(bitPattern: byte) }
      entry[line.count] = 0
      entries.append(entry)
    }
    entries.append(nil)
    entries.withUnsafeMutableBufferPointer { buffer in
      if let start = buffer.baseAddress { body(RequestParameters(start)) }
    }
    for entry in entries { entry?.deallocate() }
  }

  @Test func `any parameters are a request or none, and its length can be counted with`() async {
    await Fuzzer.run(Self.samples) { bytes in
      withParameters(bytes) { parameters in
        let request = parameters.request { length in
          if let length { #expect(length >= 0) }
          return NoBody()
        }
        guard let request else { return }
        for name in [HTTPField.Name.accept, .contentType, .contentRange, .ifNoneMatch] { _ = request.fields[name] }
        #expect(request.id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
      }
    }
  }
}

private final class NoBody: RequestBody {
  func read(into buffer: IOBuffer) async throws(RequestBodyError) -> Int { 0 }
}
