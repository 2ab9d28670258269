import Core

/// docker/distribution's keys.
enum RedisCacheKeys {
  /// A hash: `digest`, `size`, `mediatype`. Berth's own fields begin with its name.
  static func content(_ digest: Digest) -> String { "blobs::\(digest)" }

  /// A set of the digests that the repository is known to have.
  static func members(_ repository: RepositoryName) -> String { "repository::\(repository)::blobs" }

  /// A hash: `mediatype`.
  static func member(_ digest: Digest, of repository: RepositoryName) -> String {
    "\(members(repository))::\(digest)"
  }
}

/// Shows whether an entry counts: the numbers of the permit and of the lease under which it was added.
struct RedisCacheStamp {
  let text: String
  let lease: CacheLease

  /// All stamps of one permit.
  struct Space {
    /// The prefix of all these stamps.
    let prefix: String

    init(_ pass: CachePass) {
      prefix = String(pass.number, radix: 16) + "."
    }

    func text(_ lease: CacheLease) -> String { prefix + RedisCacheStamp.text(lease.number) }

    /// nil for one of another permit.
    func stamp(_ text: String) -> RedisCacheStamp? {
      guard text.hasPrefix(prefix), let number = UInt64(text.dropFirst(prefix.count), radix: 16) else { return nil }
      return RedisCacheStamp(text: text, lease: CacheLease(number))
    }
  }

  /// Of a number.
  static func text(_ number: UInt64) -> String { String(number, radix: 16) }

  /// The lease that a server answered with.
  static func lease(_ reply: RedisReply) -> CacheLease? {
    reply.text.flatMap { UInt64($0, radix: 16) }.map { CacheLease($0) }
  }
}

/// The entry of a content.
struct RedisCacheEntry {
  let stamp: RedisCacheStamp
  let blob: CachedBlob

  static func read(_ digest: Digest) -> RedisCommand {
    RedisCommand(["HMGET", RedisCacheKeys.content(digest), "digest", "size", "berth", "berth-claimed"])
  }

  static func delete(_ digest: Digest) -> RedisCommand {
    RedisCommand(["DEL", RedisCacheKeys.content(digest)])
  }

  /// nil where there is none, or one that doesn't count.
  init?(_ reply: RedisReply, of digest: Digest, in stamps: RedisCacheStamp.Space) {
    guard case .array(let fields) = reply, fields.count == 4, fields[0].text == digest.description,
      let size = fields[1].text.flatMap({ Decimal.bytes($0) }),
      let stamp = fields[2].text.flatMap({ stamps.stamp($0) }),
      let claimed = fields[3].text.flatMap({ Int64($0) }), WallClock.range.contains(claimed)
    else { return nil }
    self.stamp = stamp
    blob = CachedBlob(size: size, claimed: claimed)
  }
}

/// The entry by which a repository has a content.
enum RedisCacheMembership {
  static func read(_ digest: Digest, in repository: RepositoryName) -> RedisCommand {
    RedisCommand(["HGET", RedisCacheKeys.member(digest, of: repository), "berth"])
  }

  static func stamp(_ reply: RedisReply) -> String? { reply.text }

  static func add(
    _ entry: CacheEntry, in repository: RepositoryName, _ stamps: RedisCacheStamp.Space
  ) -> [RedisCommand] {
    [
      RedisCommand([
        "HSET", RedisCacheKeys.member(entry.digest, of: repository), "mediatype", RedisCacheScripts.mediaType, "berth",
        stamps.text(entry.lease),
      ]),
      // For docker/distribution, which looks here first.
      RedisCommand(["SADD", RedisCacheKeys.members(repository), entry.digest.description]),
    ]
  }

  static func remove(_ removal: CacheRemoval) -> [RedisCommand] {
    removal.repository.map { remove(removal.digest, from: $0) } ?? []
  }

  static func remove(_ digest: Digest, from repository: RepositoryName) -> [RedisCommand] {
    [
      RedisCommand(["SREM", RedisCacheKeys.members(repository), digest.description]),
      delete(digest, of: repository),
    ]
  }

  /// Lists some of the digests that the repository is known to have, and the cursor for the next ones.
  static func list(_ repository: RepositoryName, from cursor: String) -> RedisCommand {
    RedisCommand(["SSCAN", RedisCacheKeys.members(repository), cursor, "COUNT", "2000"])
  }

  static func delete(_ digest: Digest, of repository: RepositoryName) -> RedisCommand {
    RedisCommand(["DEL", RedisCacheKeys.member(digest, of: repository)])
  }

  static func delete(_ repository: RepositoryName) -> RedisCommand {
    RedisCommand(["DEL", RedisCacheKeys.members(repository)])
  }
}
