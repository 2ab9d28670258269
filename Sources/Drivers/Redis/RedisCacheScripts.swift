import Core

/// Scripts for what must happen to a content's entry in one step. Each uses one key, as clusters require.
enum RedisCacheScripts {
  /// The media type that docker/distribution stores for all blobs.
  static let mediaType = "application/octet-stream"

  /// Milliseconds after which Redis drops a lease that was not used (there is no such content), and the mark of a
  /// removal whose process died.
  private static let patience = "60000"

  /// Returns a lease: that of the entry if it counts, or one that another process has got, or a new one. Returns
  /// nothing while the content is being removed.
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

  /// Adds an entry, or renews its claim, if the lease, or an entry that was added under it, still exists.
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

  /// Deletes the entry and leases of a content, and marks it as being removed.
  static func beginRemoval(_ removal: CacheRemoval) -> RedisCommand {
    script(
      """
      redis.call('DEL', KEYS[1])
      redis.call('HSET', KEYS[1], 'berth-removal', ARGV[1])
      redis.call('PEXPIRE', KEYS[1], ARGV[2])
      return 1
      """, removal.digest, [RedisCacheStamp.text(removal.number), patience])
  }

  /// Deletes what was added since, and the mark, unless another removal has set its own mark meanwhile.
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
