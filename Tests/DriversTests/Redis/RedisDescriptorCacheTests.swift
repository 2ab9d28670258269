import Core
import TestSupport
import Testing

@testable import RedisCache

/// What a descriptor cache in Redis shares with docker/distribution, and what it makes of its faults.
@Suite(.ownThread) struct RedisDescriptorCacheTests {
  private let digest = TestContent.digest([1])
  private let app: RepositoryName
  private let other: RepositoryName
  private let server: RedisServer
  private let client: RedisClient
  private let cache: RedisDescriptorCache

  init() throws {
    app = try #require(RepositoryName("team/app"))
    other = try #require(RepositoryName("team/other"))
    server = try RedisServer()
    client = try RedisClient.of(server.address)
    cache = RedisDescriptorCache(client)
  }

  private var pass: CachePass {
    CachePass(domain: cache.domain() ?? "", number: 7, end: .now + .seconds(3600))
  }

  private func isKnown(in repository: RepositoryName?) -> Bool {
    if case .hit = cache.find([digest], in: repository, pass)[0] { true } else { false }
  }

  @discardableResult
  private func fill(_ repository: RepositoryName?) -> Bool {
    guard case .miss(let lease?) = cache.find([digest], in: repository, pass)[0] else { return false }
    cache.add([CacheEntry(digest: digest, blob: CachedBlob(size: 12, claimed: 34), lease: lease)], in: repository, pass)
    return isKnown(in: repository)
  }

  @Test func `the keys are docker/distribution's`() throws {
    #expect(fill(app))
    #expect(
      try server.cli("HMGET", "blobs::\(digest)", "digest", "size", "mediatype")
        == "\(digest)\n12\napplication/octet-stream")
    #expect(try server.cli("SMEMBERS", "repository::team/app::blobs") == "\(digest)")
    #expect(try server.cli("HGET", "repository::team/app::blobs::\(digest)", "mediatype") == "application/octet-stream")
    #expect(try server.cli("PTTL", "blobs::\(digest)") == "-1")
    #expect(try server.cli("DBSIZE") == "3")
    let removal = try #require(cache.beginRemoval(of: digest, in: app))
    #expect(cache.endRemoval(removal))
    #expect(try server.cli("DBSIZE") == "0")
  }

  @Test(arguments: [
    ["digest", "", "size", "12", "mediatype", "x"], ["digest", "", "length", "12", "mediatype", "x"],
    ["digest", "", "size", "-1", "berth", "7.1", "berth-claimed", "1"],
    ["digest", "", "berth", "7.1", "berth-claimed", "1"], ["size", "12", "berth", "7.1", "berth-claimed", "1"],
    ["digest", "", "size", "twelve", "berth", "7.1", "berth-claimed", "1"],
    ["digest", "", "size", "12", "berth", "7.x", "berth-claimed", "1"],
    ["digest", "", "size", "12", "berth", "17.1", "berth-claimed", "1"],
    ["digest", "", "size", "12", "berth", "7.1"],
  ])
  func `entries of others, and torn ones, count for nothing and are replaced`(fields: [String]) throws {
    let values = fields.map { $0.isEmpty ? digest.description : $0 }
    try server.cli(["HSET", "blobs::\(digest)"] + values)
    try server.cli("SADD", "repository::team/app::blobs", digest.description)
    try server.cli("HSET", "repository::team/app::blobs::\(digest)", "mediatype", "x", "berth", "7.1")
    #expect(!isKnown(in: nil))
    #expect(!isKnown(in: app))
    #expect(fill(app))
    #expect(fill(nil) || isKnown(in: nil))
  }

  @Test func `a key of another kind is a miss`() throws {
    try server.cli("SET", "blobs::\(digest)", "text")
    #expect(!fill(app))
    try server.cli("DEL", "blobs::\(digest)")
    try server.cli("SET", "repository::team/app::blobs::\(digest)", "text")
    #expect(!fill(app))
    let removal = try #require(cache.beginRemoval(of: digest, in: app))
    #expect(cache.endRemoval(removal))
    #expect(fill(app))
  }

  @Test func `what docker-registry forgets is forgotten in all repositories, whatever is remembered next`() throws {
    #expect(fill(app) && fill(other))
    // As it does when a blob is deleted, through any repository.
    try server.cli("HDEL", "blobs::\(digest)", "digest", "length", "mediatype")
    #expect(!isKnown(in: app) && !isKnown(in: other))
    #expect(fill(other))
    #expect(!isKnown(in: app))
  }

  @Test func `a lease that nothing comes of goes by itself`() throws {
    _ = cache.find([digest], in: app, pass)
    let left = try #require(Int(try server.cli("PTTL", "blobs::\(digest)")))
    #expect((1...60_000).contains(left))
    let removal = try #require(cache.beginRemoval(of: digest, in: app))
    #expect((1...60_000).contains(Int(try server.cli("PTTL", "blobs::\(digest)")) ?? -1))
    #expect(cache.endRemoval(removal))
  }

  @Test func `a server that is full still tells what it knows, and forgets what is removed`() throws {
    #expect(fill(app))
    try server.cli("CONFIG", "SET", "maxmemory", "1")
    #expect(isKnown(in: app))
    let unknown = TestContent.digest([9])
    #expect(cache.find([unknown], in: app, pass) == [.miss(nil)])
    // Where it can't be told, there is the permit.
    if let removal = cache.beginRemoval(of: digest, in: app), cache.endRemoval(removal) { #expect(!isKnown(in: app)) }
  }

  @Test func `a user who may run no scripts finds nothing, and is told of no removal`() throws {
    try server.cli("ACL", "SETUSER", "default", "-eval")
    #expect(cache.find([digest], in: app, pass) == [.miss(nil)])
    #expect(cache.beginRemoval(of: digest, in: app) == nil)
  }

  @Test func `a server that was replaced is another domain, and ends no removal of the former one`() throws {
    let before = pass
    #expect(fill(app))
    let removal = try #require(cache.beginRemoval(of: digest, in: app))
    try server.restart()
    try Eventually.holds("Redis is used again") {
      _ = cache.find([digest], in: app, pass)
      return cache.domain().map { $0 != before.domain } ?? false
    }
    #expect(cache.find([digest], in: app, before) == [.miss(nil)])
    #expect(!cache.endRemoval(removal))
    server.kill()
    try Eventually.holds("Redis is given up") {
      _ = cache.find([digest], in: app, pass)
      return cache.domain() == nil
    }
    #expect(cache.beginRemoval(of: digest, in: app) == nil)
  }

  @Test func `what is gone, or all that a repository had, is freed`() throws {
    #expect(fill(app) && fill(other))
    cache.forget([digest, TestContent.digest([9])], in: nil)
    #expect(!isKnown(in: app) && !isKnown(in: other))
    #expect(try server.cli("EXISTS", "blobs::\(digest)") == "1")  // the lease
    cache.forget(app)
    #expect(try server.cli("EXISTS", "repository::team/app::blobs", "repository::team/app::blobs::\(digest)") == "0")
    #expect(try server.cli("EXISTS", "repository::team/other::blobs::\(digest)") == "1")
    cache.forget([], in: nil)
    cache.forget([digest], in: other)
    #expect(
      try server.cli("EXISTS", "repository::team/other::blobs", "repository::team/other::blobs::\(digest)") == "0")
  }

  @Test func `more than should be on its way at once is asked in parts`() throws {
    let digests = (0..<5000).map { TestContent.digest([UInt8($0 & 255), UInt8($0 >> 8), 3]) }
    let entries = cache.find(digests, in: app, pass).enumerated().compactMap { index, finding -> CacheEntry? in
      guard case .miss(let lease?) = finding else { return nil }
      return CacheEntry(digest: digests[index], blob: CachedBlob(size: Int64(index), claimed: 1), lease: lease)
    }
    cache.add(entries, in: app, pass)
    #expect(
      cache.find(digests, in: app, pass).enumerated().allSatisfy { index, finding in
        if case .hit(let blob, _) = finding { blob.size == index } else { false }
      })
    cache.forget(app)
    #expect(try server.cli("EXISTS", "repository::team/app::blobs") == "0")
    #expect(try Int(server.cli("DBSIZE")) == 5000)
  }

  @Test func `what turned out to be gone is forgotten in few round trips, however much its repository has`() throws {
    let members = "repository::team/app::blobs"
    let fill = """
      for i = 1, 40000 do redis.call('SADD', KEYS[1], 'sha256:' .. string.format('%064x', i)) end
      """
    try server.cli("EVAL", fill, "1", members)
    let before = client.statistics.snapshot.roundTrips
    cache.void([digest], in: app)
    #expect(client.statistics.snapshot.roundTrips - before <= 16)
    // What is left can still be found, and freed.
    #expect(try server.cli("SCARD", members) == "40000")
    cache.forget(app)
    #expect(try server.cli("EXISTS", members) == "0")
  }

  @Test func `a list that never ends is given up`() throws {
    let proxy = try FaultyTCPProxy(to: server.port)
    defer { proxy.stop() }
    let client = try RedisClient.of(proxy.address)
    let cache = RedisDescriptorCache(client)
    #expect(cache.domain() != nil)
    let before = client.statistics.snapshot.roundTrips
    proxy.set(.garbage(Array("*2\r\n$1\r\n7\r\n*0\r\n".utf8)))
    cache.forget(app)
    #expect((1...3).contains(client.statistics.snapshot.roundTrips - before))
  }

  @Test func `a hundred blobs take a few round trips`() throws {
    let digests = (0..<100).map { TestContent.digest([UInt8($0), 1]) }
    let before = client.statistics.snapshot.roundTrips
    let entries = cache.find(digests, in: app, pass).enumerated().compactMap { index, finding -> CacheEntry? in
      guard case .miss(let lease?) = finding else { return nil }
      return CacheEntry(digest: digests[index], blob: CachedBlob(size: 1, claimed: 1), lease: lease)
    }
    #expect(entries.count == 100)
    cache.add(entries, in: app, pass)
    #expect(client.statistics.snapshot.roundTrips - before == 4)
    _ = cache.find(digests, in: app, pass)
    #expect(client.statistics.snapshot.roundTrips - before == 5)
  }

  @Test func `a server that is flushed is a miss`() throws {
    #expect(fill(app))
    guard case .miss(let lease?) = cache.find([TestContent.digest([2])], in: app, pass)[0] else {
      Issue.record("no lease")
      return
    }
    try server.cli("FLUSHALL")
    #expect(!isKnown(in: app))
    let entry = CacheEntry(digest: TestContent.digest([2]), blob: CachedBlob(size: 1, claimed: 1), lease: lease)
    cache.add([entry], in: app, pass)
    #expect(try server.cli("HGET", "blobs::\(entry.digest)", "digest") == "")
  }
}
