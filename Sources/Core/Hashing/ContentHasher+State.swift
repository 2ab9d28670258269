import CCrypto

/// The form that Go's hashes marshal to: a magic number of four bytes, the chaining words, the block that isn't full
/// yet (padded with zeros), and the number of bytes hashed, all big-endian.
extension ContentHasher {
  /// What ``init(state:)`` takes up again.
  public var state: [UInt8] {
    switch context {
    case .sha256(let sha256):
      withUnsafeBytes(of: sha256.data) { block in
        Self.marshal(.sha256, words: Self.array(of: sha256.h, as: UInt32.self), block: block, count: count)
      }
    case .sha512(let sha512):
      withUnsafeBytes(of: sha512.u) { block in
        Self.marshal(.sha512, words: Self.array(of: sha512.h, as: UInt64.self), block: block, count: count)
      }
    }
  }

  /// From a state; nil where it isn't one: then the content must be hashed again.
  public init?(state: [UInt8]) {
    guard let form = Form.all.first(where: { state.starts(with: $0.magic) }), state.count == form.length else {
      return nil
    }
    let count = Self.integer(state[(state.count - 8)...], as: UInt64.self)
    // The length in bits is what the hash ends with: 64 bits of it.
    guard count <= UInt64(Int64.max) / 8 else { return nil }
    let block = state[(state.count - 8 - form.blockLength)...].prefix(Int(count % UInt64(form.blockLength)))
    switch form.algorithm {
    case .sha256:
      var sha256 = SHA256_CTX()
      SHA256_Init(&sha256)
      Self.unmarshal(state, into: &sha256.h, as: UInt32.self)
      withUnsafeMutableBytes(of: &sha256.data) { $0.copyBytes(from: block) }
      sha256.num = UInt32(block.count)
      sha256.Nl = UInt32(truncatingIfNeeded: count << 3)
      sha256.Nh = UInt32(truncatingIfNeeded: count >> 29)
      self.init(.sha256(sha256), count: Int64(count))
    case .sha512:
      var sha512 = SHA512_CTX()
      SHA512_Init(&sha512)
      Self.unmarshal(state, into: &sha512.h, as: UInt64.self)
      withUnsafeMutableBytes(of: &sha512.u) { $0.copyBytes(from: block) }
      sha512.num = UInt32(block.count)
      sha512.Nl = count << 3
      sha512.Nh = 0
      self.init(.sha512(sha512), count: Int64(count))
    }
  }

  /// How long the parts of a state are.
  private struct Form {
    var algorithm: Digest.Algorithm
    var magic: [UInt8]
    var blockLength: Int

    /// Bytes of a whole state.
    var length: Int { magic.count + algorithm.hexLength / 2 + blockLength + 8 }

    static let all = [
      Form(algorithm: .sha256, magic: Array("sha\u{3}".utf8), blockLength: 64),
      Form(algorithm: .sha512, magic: Array("sha\u{7}".utf8), blockLength: 128),
    ]
  }

  private static func marshal<Word: FixedWidthInteger>(
    _ algorithm: Digest.Algorithm, words: [Word], block: UnsafeRawBufferPointer, count: Int64
  ) -> [UInt8] {
    let form = algorithm == .sha256 ? Form.all[0] : Form.all[1]
    var state = form.magic
    state.reserveCapacity(form.length)
    for word in words { withUnsafeBytes(of: word.bigEndian) { state += $0 } }
    let pending = Int(count % Int64(form.blockLength))
    state += block.prefix(pending)
    state += repeatElement(0, count: form.blockLength - pending)
    withUnsafeBytes(of: count.bigEndian) { state += $0 }
    return state
  }

  /// The elements of a C array, which Swift sees as a tuple.
  private static func array<Tuple, Word: FixedWidthInteger>(of tuple: Tuple, as _: Word.Type) -> [Word] {
    withUnsafeBytes(of: tuple) { Array($0.bindMemory(to: Word.self)) }
  }

  private static func unmarshal<Tuple, Word: FixedWidthInteger>(
    _ state: [UInt8], into words: inout Tuple, as _: Word.Type
  ) {
    let width = MemoryLayout<Word>.size
    withUnsafeMutableBytes(of: &words) { words in
      for (index, word) in words.bindMemory(to: Word.self).indices.enumerated() {
        words.bindMemory(to: Word.self)[word] = integer(state[(4 + index * width)...].prefix(width), as: Word.self)
      }
    }
  }

  private static func integer<Word: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, as _: Word.Type) -> Word {
    bytes.reduce(0) { $0 << 8 | Word($1) }
  }
}
