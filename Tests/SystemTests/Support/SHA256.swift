import CCrypto

/// The digest of content as OpenSSL has it, so that tests do not trust the code under test.
func sha256(_ content: [UInt8]) -> String {
  var bytes = [UInt8](repeating: 0, count: 32)
  _ = SHA256(content, content.count, &bytes)
  return "sha256:"
    + bytes.map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
}
