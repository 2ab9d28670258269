import Core

/// What must happen to a content's entry in one step. Each is about one key, as a cluster wants it.
enum RedisCacheScripts {
  /// What docker/distribution says of all blobs.
  static let mediaType = "application/octet-stream"

  /// Milliseconds for which a lease stays in Redis that nothing comes of, as where there is no such content, and the
  /// mark of a removal whose process has died.
  private static let patience = "60000"

  /// Gives the lease under which the entry was added, if it counts, or one that others have, or a new one; nothing
  /// while the content is being removed.
  static func lease(_ digest: Digest, in stamps: RedisCacheStamp.Space) -> RedisCommand {
    script(
      """
      local v = redis.call('HMGET', KEYS[1], 'berth-removal', 'berth', 'digest', 'size', 'berth-lease')
      if v[1] then return false end
      if v[2] and v[3] and v[4] and string.sub(v[2], 1, #ARGV[1]) == ARGV[1] then
        local number = string.sub(v[2], #ARGV[1] + 1)
        if string.match(number, '^%x+$') and #number <= 16 then return number end
      end
      if v[5] then return v[5] end
      local isNew = redis.call('EXISTS', KEYS[1]) == 0
      redis.call('HSET', KEYS[1], 'berth-lease', ARGV[2])
      if isNew then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
      return ARGV[2]
      """, digest, [stamps.prefix, RedisCacheStamp.text(.random(in: .min ... .max)), patience])
  }

  /// Adds an entry, or renews its claim, if the lease is still there, or the entry that was added under it.
  static func add(_ entry: CacheEntry, in stamps: RedisCacheStamp.Space) -> RedisCommand {
    script(
      """
      local v = redis.call('HMGET', KEYS[1], 'berth-lease', 'berth', 'digest')
      if v[1] ~= ARGV[1] and not (v[2] == ARGV[2] and v[3]) then return 0 end
      redis.call('HSET', KEYS[1], 'digest', ARGV[3], 'size', ARGV[4], 'mediatype', ARGV[5], 'berth', ARGV[2],
        'berth-claimed', ARGV[6])
      redis.call('HDEL', KEYS[1], 'berth-lease')
      redis.call('PERSIST', KEYS[1])
      return 1
      """, entry.digest,
      [
        RedisCacheStamp.text(entry.lease.number), stamps.text(entry.lease), entry.digest.description,
        String(entry.blob.size), mediaType, String(entry.blob.claimed),
      ])
  }

  /// Forgets a content, and marks it as being removed.
  static func beginRemoval(_ removal: CacheRemoval) -> RedisCommand {
    script(
      """
      redis.call('DEL', KEYS[1])
      redis.call('HSET', KEYS[1], 'berth-removal', ARGV[1])
      redis.call('PEXPIRE', KEYS[1], ARGV[2])
      return 1
      """, removal.digest, [RedisCacheStamp.text(removal.number), patience])
  }

  /// Forgets all that has come in between, and the mark, unless it is another removal's, which lets nothing come.
  static func endRemoval(_ removal: CacheRemoval) -> RedisCommand {
    script(
      """
      local mark = redis.call('HGET', KEYS[1], 'berth-removal')
      if not mark or mark == ARGV[1] then redis.call('DEL', KEYS[1]) end
      return 1
      """, removal.digest, [RedisCacheStamp.text(removal.number)])
  }

  private static func script(_ text: String, _ digest: Digest, _ arguments: [String]) -> RedisCommand {
    RedisCommand(["EVAL", text, "1", RedisCacheKeys.content(digest)] + arguments, keyIndex: 3)
  }
}
