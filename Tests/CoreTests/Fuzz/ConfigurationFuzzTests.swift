import TestSupport
import Testing

@testable import Core

/// The configuration file, and what overrides it.
@Suite(.ownThread) struct ConfigurationFuzzTests {
  private static let files = [
    """
    version: 0.1
    log: {level: debug, formatter: json, fields: {service: registry}, accesslog: {disabled: true}}
    storage:
      filesystem: {rootdirectory: /var/lib/registry, maxthreads: 100}
      cache: {blobdescriptor: inmemory, blobdescriptorsize: 10000}
      delete: {enabled: true, repositories: false}
      maintenance:
        uploadpurging: {enabled: true, age: 168h, interval: 1d}
        garbagecollection: {enabled: true, schedule: 0 3 * * *, grace: 24h}
    http:
      addr: :5000
      host: https://registry.example.com:5000
      secret: "a secret"
      draintimeout: 60s
      headers: {X-Content-Type-Options: [nosniff]}
      tls: {certificate: /c.pem, key: /k.pem, minimumtls: tls1.2}
    fastcgi: {address: /run/berth.sock, mode: 0660, workers: 2, threads: 32, maxuploads: 256}
    health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}
    """,
    """
    version: 0.1
    storage:
      s3: {bucket: b, region: us-east-1, chunksize: 10485760, multipartcopychunksize: "33554432", secure: no}
      cache: {blobdescriptor: redis}
    fastcgi: {blobcache: {path: /var/cache/berth, size: 50g, slice: 4m}, resolver: [10.0.0.2]}
    redis:
      addrs: [localhost:6379, "[::1]:6379"]
      tls: {rootcas: [/ca.pem]}
      dialtimeout: 10ms
      poolsize: 64
    catalog: {maxentries: 1000}
    middleware:
      storage:
        - name: cloudfront
          options: {baseurl: https://d.cloudfront.net/, privatekey: /k.pem, keypairid: K, duration: 20m}
    """,
    """
    version: 0.1
    x: &a {p: 1, q: [0x1f, 0b1, 0o7, 1_000, -1, ~, yes]}
    y: {<<: *a, r: !!str 1, "s": 'it''s'}
    storage: {filesystem: }
    text: |
      lines
    folded: >-
      more
    """,
  ]

  @Test func `any text is a configuration or has errors, and one that is accepted reads back as it is printed`() async {
    await Fuzzer.run(Self.files, rounds: Fuzzer.rounds / 3) { bytes in
      let loaded: Configuration.Loaded
      do throws(ConfigurationError) {
        loaded = try Configuration.parse(bytes, name: "config.yml")
      } catch {
        #expect(error.problems.contains { $0.severity == .error })
        return
      }
      let text = loaded.configuration.yaml
      let again = try? Configuration.parse(Array(text.utf8), name: "config.yml")
      #expect(again?.configuration.yaml == text, "\(String(decoding: bytes, as: UTF8.self))")
    }
  }

  @Test func `a text in quotes is the same when it is read again`() async {
    let samples = [
      "a \"quoted\" \\ text", "tab\tline\nnext", "\u{85}\u{2028}\u{FEFF}\u{FFFE}\u{A0}\u{1F600}", "~", "0x1f",
    ]
    await Fuzzer.run(samples) { bytes in
      let scalar = YAMLScalar(text: String(decoding: bytes, as: UTF8.self), isString: true)
      let node = YAMLNode(content: .scalar(scalar), origin: .position(line: 1, column: 1))
      let list = YAMLNode(content: .sequence([node, node]), origin: .position(line: 1, column: 1))
      let read = try? YAMLNode(parsing: Array(list.text.utf8))
      #expect(read?.elements?.map { $0.scalar?.text } == [scalar.text, scalar.text], "\(list.text)")
    }
  }

  @Test func `any variable overrides a key, or has a problem`() async {
    let variables = [
      "REGISTRY_STORAGE=filesystem", "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/x", "REGISTRY_HTTP_HEADERS_X_0=a",
      "REGISTRY_REDIS_OPTIONS_ADDRS_0=redis:6379", "REGISTRY_REDIS_OPTIONS={addrs: [a:1], db: 3}",
      "REGISTRY_FASTCGI_THREADS=9", "REGISTRY_HEALTH_FILECHECKERS_0_FILE=/f", "REGISTRY_LOG_LEVEL=[[[1]]]",
    ]
    await Fuzzer.run(variables, rounds: Fuzzer.rounds / 3) { bytes in
      let parts = String(decoding: bytes, as: UTF8.self).split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return }
      _ = try? Configuration.parse(Array(Self.files[0].utf8), name: "c", environment: [parts[0]: parts[1]])
      _ = try? Configuration.parse(Array("version: 0.1".utf8), name: "c", environment: [parts[0]: parts[1]])
    }
  }

  @Test func `numbers of every key may be as large or as small as they like`() throws {
    for number in Fuzzer.numbers {
      for key in [
        "storage: {filesystem: {maxthreads: N}}",
        "storage: {filesystem: , cache: {blobdescriptor: inmemory, blobdescriptorsize: N}}",
        "storage: {filesystem: , maintenance: {uploadpurging: {age: N, interval: N}}}",
        "storage: {filesystem: , maintenance: {garbagecollection: {enabled: true, grace: N, schedule: N}}}",
        "storage: filesystem\nhttp: {draintimeout: N, manifestmaxage: N}",
        "storage: filesystem\nfastcgi: {threads: N, workers: N, maxuploads: N, mode: N, blobcache: {path: /a, size: Ng, slice: N}}",
        "storage: filesystem\nhealth: {storagedriver: {enabled: true, interval: N, threshold: N}}",
        "storage: filesystem\ncatalog: {maxentries: N}\ntags: {maxtags: N}",
        "storage: filesystem\nredis: {addrs: [a], db: N, poolsize: N, maxidleconns: N, dialtimeout: N, readtimeout: Nh}",
        "storage: {s3: {bucket: b, region: r, chunksize: N, multipartcopychunksize: N, multipartcopymaxconcurrency: N}}",
      ] {
        let text = "version: 0.1\n" + key.replacing("N", with: number)
        guard let loaded = try? Configuration.parse(Array(text.utf8), name: "c") else { continue }
        let configuration = loaded.configuration
        _ = configuration.yaml
        for duration in [
          configuration.storage.uploadPurging.age, configuration.storage.garbageCollection.grace,
          configuration.http.drainTimeout, configuration.redis?.readTimeout ?? .zero,
        ] {
          #expect(WallClock.range.contains(duration.nanoseconds) && duration.milliseconds >= 0)
          _ = ContinuousClock.now + duration
          _ = RegistryCaching.claimHolds(for: duration)
          _ = WallClock.now - duration.nanoseconds
        }
      }
    }
  }
}
