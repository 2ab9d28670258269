import TestSupport
import Testing

@testable import Core

/// JSON from clients, and from files of the storage.
@Suite(.ownThread) struct JSONFuzzTests {
  private static let digest = Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0xAB, count: 32))
  private static let descriptor =
    #"{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "\#(digest)", "size": 1234, "urls": ["https://example.com/a"], "annotations": {"a": "\u00e9\ud83d\ude00"}, "data": "aGVsbG8=", "platform": {"os": "linux", "architecture": "arm64"}}"#
  private static let manifests = [
    #"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": \#(descriptor), "layers": [\#(descriptor), \#(descriptor)], "subject": \#(descriptor), "artifactType": "a/b"}"#,
    #"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [\#(descriptor)], "x": [[[-1.5e10, true, false, null]]]}"#,
    #"{"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [{"blobSum": "\#(digest)"}], "history": [{"v1Compatibility": "{}"}], "signatures": []}"#,
  ]

  @Test func `any text is JSON or none, and what is read twice is the same`() async {
    await Fuzzer.run(Self.manifests + ["[]", "-0.5E-7", #""\ud800\udc00\ud800x""#, "[[[[[[1]]]]]]"]) { bytes in
      var reader = JSONReader(bytes)
      let isJSON = (try? reader.skip()) != nil && (try? reader.end()) != nil
      var again = JSONReader(bytes)
      #expect(((try? again.skip()) != nil && (try? again.end()) != nil) == isJSON)
      #expect(reader.position <= bytes.count)
    }
  }

  @Test func `a text's strings come back as they were written`() async throws {
    try await Fuzzer.run([#"a "quoted" text"#, "tab\tand\nnewline \u{1F600}", "\\u0041"]) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      var json = JSONWriter()
      json.object { $0.string(text, text) }
      var reader = JSONReader(json.bytes)
      try reader.enterObject()
      #expect(try reader.nextMember() == text)
      #expect(try reader.string() == text)
      #expect(try reader.nextMember() == nil)
      try reader.end()
    }
  }

  @Test func `a manifest that is accepted is known again where it is stored`() async {
    await Fuzzer.run(Self.manifests) { bytes in
      let head = ManifestHead(of: bytes)
      _ = ManifestReferences(bytes)
      guard let manifest = try? Manifest(bytes, contentType: nil) else { return }
      #expect(head?.mediaType == manifest.mediaType)
      let descriptors = manifest.layers + manifest.manifests + [manifest.config, manifest.subject].compactMap { $0 }
      // What a descriptor gives as its size is any number; what the registry counts itself is none below zero.
      for descriptor in descriptors { #expect((descriptor.dataSize ?? 0) >= 0) }
    }
  }

  @Test func `an entry of a list of referrers is about its digest, or none`() async {
    await Fuzzer.run([Self.descriptor]) { bytes in
      guard let entry = ReferrerEntry(json: bytes, digest: Self.digest) else { return }
      #expect(entry.json == bytes)
    }
  }

  @Test func `a checkpoint that is accepted has room to count on`() async {
    var tally = VerificationTally()
    for (_, path) in VerificationTally.fields { tally[keyPath: path] = 7 }
    let sample = VerificationCheckpoint(position: StorageLayout.root / "blobs", tally: tally).json
    await Fuzzer.run([sample]) { bytes in
      guard var checkpoint = VerificationCheckpoint(json: bytes) else { return }
      #expect(VerificationCheckpoint(json: checkpoint.json) == checkpoint)
      _ = VerificationProgress(checkpoint.tally).text(after: .zero)
      for (_, path) in VerificationTally.fields { checkpoint.tally[keyPath: path] += 1 << 60 }
    }
  }
}
