import Core
import TestSupport
import Testing

@testable import RedisCache

/// What every ``BlobDescriptorCache`` does: in process, in a Redis server, behind sentinels, in a cluster.
@Suite(.ownThread) struct BlobDescriptorCacheContract {
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case inProcess = "in process"
    case redis = "Redis"
    case sentinel = "Redis Sentinel"
    case cluster = "Redis Cluster"
    var testDescription: String { rawValue }
  }

  /// Two processes' caches of one domain, with the servers behind them.
  struct Site {
    let caches: [any BlobDescriptorCache]
    let servers: (any Sendable)?

    init(_ kind: Kind) throws {
      switch kind {
      case .inProcess:
        let generation = CacheGeneration.ofThisProcess()
        caches = (0..<2).map { _ in
          InProcessDescriptorCache(capacity: 1000, domain: "host-1", generation: generation)
        }
        servers = nil
      case .redis:
        let server = try RedisServer()
        caches = try (0..<2).map { _ in try Self.cache([server.address]) }
        servers = server
      case .sentinel:
        let sentinels = try RedisSentinels()
        caches = try (0..<2).map { _ in
          try Self.cache(sentinels.sentinelPorts.map { "127.0.0.1:\($0)" }, master: sentinels.masterName)
        }
        servers = sentinels
      case .cluster:
        let cluster = try RedisCluster()
        caches = try (0..<2).map { _ in try Self.cache(cluster.addresses) }
        servers = cluster
      }
    }

    private static func cache(_ addresses: [String], master: String = "") throws -> RedisDescriptorCache {
      RedisDescriptorCache(
        try RedisClient.of {
          $0.addresses = addresses
          $0.masterName = master
        })
    }

    var first: any BlobDescriptorCache { caches[0] }
    var second: any BlobDescriptorCache { caches[1] }

    /// A pass for what is remembered under `number`.
    func pass(_ number: UInt64 = 1) throws -> CachePass {
      let domain = try #require(first.domain())
      return CachePass(domain: domain, number: number, end: .now + .seconds(3600))
    }
  }

  private static let digests = (0..<100).map { TestContent.digest([UInt8($0)]) }
  private let app: RepositoryName
  private let other: RepositoryName

  init() throws {
    app = try #require(RepositoryName("team/app"))
    other = try #require(RepositoryName("team/other"))
  }

  private func lease(_ finding: CacheFinding) -> CacheLease? {
    if case .miss(let lease) = finding { lease } else { nil }
  }

  private func blob(_ finding: CacheFinding) -> CachedBlob? {
    if case .hit(let blob, _) = finding { blob } else { nil }
  }

  /// Finds nothing, and adds it.
  @discardableResult
  private func fill(
    _ cache: any BlobDescriptorCache, _ digests: [Digest], _ repository: RepositoryName?, _ pass: CachePass
  ) throws -> [CacheEntry] {
    let entries = try zip(digests, cache.find(digests, in: repository, pass)).enumerated().map { index, found in
      CacheEntry(
        digest: found.0, blob: CachedBlob(size: Int64(index), claimed: 1_700_000_000_000_000_000 + Int64(index)),
        lease: try #require(lease(found.1)))
    }
    cache.add(entries, in: repository, pass)
    return entries
  }

  @Test("what one process adds, itself finds, and whoever shares the cache, or looks itself", arguments: Kind.allCases)
  func added(kind: Kind) throws {
    let site = try Site(kind)
    let pass = try site.pass()
    #expect(site.second.domain() == pass.domain)
    for repository in [nil, app, other] {
      let entries = try fill(site.first, Self.digests, repository, pass)
      #expect(site.first.find(Self.digests, in: repository, pass).map(blob) == entries.map(\.blob))
      let seen = site.second.find(Self.digests, in: repository, pass).map(blob)
      #expect(kind == .inProcess ? seen.allSatisfy { $0 == nil } : seen == entries.map(\.blob))
    }
    #expect(site.first.find([], in: app, pass).isEmpty)
  }

  @Test(
    "what turned out to be gone is forgotten by all, with what its repository had, and not remembered again",
    arguments: Kind.allCases)
  func voided(kind: Kind) throws {
    let site = try Site(kind)
    let pass = try site.pass()
    let digests = Array(Self.digests[..<2])
    let entries = try fill(site.first, digests, app, pass)
    site.second.void([digests[0]], in: app)
    for cache in site.caches { #expect(cache.find(digests, in: app, pass).map(blob) == [nil, nil]) }
    // Somebody has looked before, and says so now.
    site.first.add([entries[0]], in: app, pass)
    for cache in site.caches { #expect(cache.find([digests[0]], in: app, pass).map(blob) == [nil]) }
  }

  @Test("a repository has what was added to it alone", arguments: Kind.allCases)
  func scopes(kind: Kind) throws {
    let site = try Site(kind)
    let pass = try site.pass()
    try fill(site.first, [Self.digests[0]], nil, pass)
    #expect(blob(site.first.find([Self.digests[0]], in: app, pass)[0]) == nil)
    try fill(site.first, [Self.digests[0]], app, pass)
    #expect(blob(site.first.find([Self.digests[0]], in: app, pass)[0]) != nil)
    #expect(blob(site.first.find([Self.digests[0]], in: other, pass)[0]) == nil)
    // Among others that are there.
    let found = site.first.find([Self.digests[1], Self.digests[0], Self.digests[1]], in: app, pass).map(blob)
    #expect(found.map { $0 != nil } == [false, true, false])
  }

  @Test("what was added under another permit counts for nothing", arguments: Kind.allCases)
  func permits(kind: Kind) throws {
    let site = try Site(kind)
    try fill(site.first, [Self.digests[0]], app, try site.pass(1))
    for number in [2, 0x1_0000, .max] as [UInt64] {
      #expect(blob(site.first.find([Self.digests[0]], in: app, try site.pass(number))[0]) == nil)
    }
    try fill(site.first, [Self.digests[0]], app, try site.pass(0x11))
    #expect(blob(site.first.find([Self.digests[0]], in: app, try site.pass(0x11))[0]) != nil)
    #expect(blob(site.first.find([Self.digests[0]], in: app, try site.pass(1))[0]) == nil)
  }

  @Test("what is removed is gone, in every repository or in this one, for all who share", arguments: Kind.allCases)
  func removed(kind: Kind) throws {
    let site = try Site(kind)
    let pass = try site.pass()
    for remover in site.caches {
      for cache in site.caches {
        for finding in cache.find([Self.digests[0]], in: app, pass) where blob(finding) == nil {
          try fill(cache, [Self.digests[0]], app, pass)
        }
        #expect(blob(cache.find([Self.digests[0]], in: app, pass)[0]) != nil)
      }
      let removal = try #require(remover.beginRemoval(of: Self.digests[0], in: app))
      #expect(removal.domain == pass.domain)
      #expect(remover.endRemoval(removal))
      for cache in site.caches { #expect(blob(cache.find([Self.digests[0]], in: app, pass)[0]) == nil) }
    }
  }

  @Test("what was looked for before a removal is not remembered after it", arguments: Kind.allCases)
  func lateAdd(kind: Kind) throws {
    let site = try Site(kind)
    let pass = try site.pass()
    for repository in [nil, app] {
      for isBegunBefore in [true, false] {
        let early = isBegunBefore ? site.second.beginRemoval(of: Self.digests[0], in: app) : nil
        let lease = lease(site.first.find([Self.digests[0]], in: repository, pass)[0])
        let removal = try #require(early ?? site.second.beginRemoval(of: Self.digests[0], in: app))
        let entry = lease.map {
          CacheEntry(digest: Self.digests[0], blob: CachedBlob(size: 5, claimed: 5), lease: $0)
        }
        if let entry { site.first.add([entry], in: repository, pass) }
        #expect(site.second.endRemoval(removal))
        if let entry { site.first.add([entry], in: repository, pass) }
        for cache in site.caches { #expect(blob(cache.find([Self.digests[0]], in: repository, pass)[0]) == nil) }
        // And once it is over, everything is as ever.
        try fill(site.first, [Self.digests[0]], repository, pass)
        #expect(blob(site.first.find([Self.digests[0]], in: repository, pass)[0]) != nil)
        let last = try #require(site.first.beginRemoval(of: Self.digests[0], in: app))
        #expect(site.first.endRemoval(last))
      }
    }
  }

  @Test("two removals at once: the second to end counts", arguments: Kind.allCases)
  func twoRemovals(kind: Kind) throws {
    let site = try Site(kind)
    let pass = try site.pass()
    let first = try #require(site.first.beginRemoval(of: Self.digests[0], in: app))
    let second = try #require(site.second.beginRemoval(of: Self.digests[0], in: app))
    #expect(site.first.endRemoval(first))
    if let lease = lease(site.first.find([Self.digests[0]], in: app, pass)[0]) {
      site.first.add(
        [CacheEntry(digest: Self.digests[0], blob: CachedBlob(size: 5, claimed: 5), lease: lease)], in: app, pass)
    }
    #expect(site.second.endRemoval(second))
    for cache in site.caches { #expect(blob(cache.find([Self.digests[0]], in: app, pass)[0]) == nil) }
  }

  @Test("a claim is renewed under the lease of what was found", arguments: Kind.allCases)
  func renewed(kind: Kind) throws {
    let site = try Site(kind)
    let pass = try site.pass()
    try fill(site.first, [Self.digests[0]], app, pass)
    guard case .hit(var known, let lease) = site.first.find([Self.digests[0]], in: app, pass)[0] else {
      Issue.record("nothing is remembered")
      return
    }
    known.claimed += 1000
    site.first.add([CacheEntry(digest: Self.digests[0], blob: known, lease: lease)], in: app, pass)
    #expect(blob(site.first.find([Self.digests[0]], in: app, pass)[0]) == known)
  }

  @Test("many processes and threads at once", arguments: Kind.allCases)
  func manyThreads(kind: Kind) async throws {
    let site = try Site(kind)
    let pass = try site.pass()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<8 {
        group.addTask {
          let cache = site.caches[index % 2]
          for round in 0..<20 {
            let digest = Self.digests[(index + round) % 10]
            let findings = cache.find([digest], in: app, pass)
            if let lease = lease(findings[0]) {
              cache.add(
                [CacheEntry(digest: digest, blob: CachedBlob(size: 7, claimed: 7), lease: lease)], in: app, pass)
            }
            if round % 5 == 4, let removal = cache.beginRemoval(of: digest, in: app) {
              #expect(cache.endRemoval(removal))
            }
          }
        }
      }
      try await group.waitForAll()
    }
    for digest in Self.digests.prefix(10) {
      let removal = try #require(site.first.beginRemoval(of: digest, in: app))
      #expect(site.first.endRemoval(removal))
      for cache in site.caches { #expect(blob(cache.find([digest], in: app, pass)[0]) == nil) }
    }
  }

  @Test func `in process, no more is kept than may be`() throws {
    for (capacity, kept) in [(10, 10), (1, 1), (0, 100)] {
      let cache = InProcessDescriptorCache(capacity: capacity, domain: "host-1", generation: .ofThisProcess())
      let pass = CachePass(domain: "host-1", number: 1, end: .now + .seconds(3600))
      try fill(cache, Self.digests, app, pass)
      #expect(cache.find(Self.digests.reversed(), in: app, pass).count { blob($0) != nil } == kept)
    }
  }
}
