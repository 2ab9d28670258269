public import Core
import Logging
import NIOConcurrencyHelpers

/// A ``BlobDescriptorCache`` in Redis, which all hosts of a registry share (`storage.cache.blobdescriptor: redis`).
///
/// Uses docker/distribution's keys (``RedisCacheKeys``), so that it finds Berth's entries. Entries of
/// docker/distribution are not trusted: it deletes content without telling Redis. An entry counts if it has the
/// permit's number (``CachePass``); a repository's entry if it also has the stamp of the content's entry. So removing
/// the content's entry voids the content in all repositories at once.
///
/// To add an entry: write a lease, look into the storage, add the entry if the lease is still there. A removal deletes
/// the lease and prevents new ones until it ends.
public final class RedisDescriptorCache: BlobDescriptorCache {
  private let client: RedisClient
  private let meter: CacheMeter
  /// The counts when they were last reported.
  private let told: NIOLockedValueBox<RedisStatistics.Snapshot>

  /// Over a client.
  public init(_ client: RedisClient, _ meter: CacheMeter = .none) {
    self.client = client
    self.meter = meter
    told = NIOLockedValueBox(client.statistics.snapshot)
  }

  /// The servers' identity.
  public func domain() -> String? {
    guard let deployment = try? client.deployment() else {
      tell()
      return nil
    }
    return Self.domain(deployment)
  }

  private static func domain(_ deployment: RedisDeployment) -> String { "redis-\(deployment.identity)" }

  /// One round trip, and another one where something is missing.
  public func find(_ digests: [Digest], in repository: RepositoryName?, _ pass: CachePass) -> [CacheFinding] {
    let none = [CacheFinding](repeating: .miss(nil), count: digests.count)
    guard let deployment = deployment(pass.domain) else { return none }
    var commands = digests.map { RedisCacheEntry.read($0) }
    if let repository { commands += digests.map { RedisCacheMembership.read($0, in: repository) } }
    guard let replies = run(commands, deployment) else { return none }
    let stamps = RedisCacheStamp.Space(pass)
    var findings = none
    var unknown: [Int] = []
    for (index, digest) in digests.enumerated() {
      guard let entry = RedisCacheEntry(replies[index], of: digest, in: stamps) else {
        unknown.append(index)
        continue
      }
      let isMember =
        repository == nil || RedisCacheMembership.stamp(replies[digests.count + index]) == entry.stamp.text
      findings[index] = isMember ? .hit(entry.blob, entry.stamp.lease) : .miss(entry.stamp.lease)
    }
    guard !unknown.isEmpty,
      let leases = run(unknown.map { RedisCacheScripts.lease(digests[$0], in: stamps) }, deployment)
    else { return findings }
    for (index, reply) in zip(unknown, leases) { findings[index] = .miss(RedisCacheStamp.lease(reply)) }
    return findings
  }

  /// One round trip for the contents, one for the repository.
  public func add(_ entries: [CacheEntry], in repository: RepositoryName?, _ pass: CachePass) {
    guard let deployment = deployment(pass.domain) else { return }
    let stamps = RedisCacheStamp.Space(pass)
    guard let added = run(entries.map { RedisCacheScripts.add($0, in: stamps) }, deployment), let repository else {
      return
    }
    let members = zip(entries, added).filter { $0.1 == .integer(1) }.map(\.0)
    guard !members.isEmpty else { return }
    _ = run(members.flatMap { RedisCacheMembership.add($0, in: repository, stamps) }, deployment)
  }

  /// One round trip.
  public func beginRemoval(of digest: Digest, in repository: RepositoryName?) -> CacheRemoval? {
    guard let deployment = try? client.deployment() else { return nil }
    let removal = CacheRemoval(
      domain: Self.domain(deployment), digest: digest, repository: repository, number: .random(in: .min ... .max))
    let isTold = run([RedisCacheScripts.beginRemoval(removal)] + RedisCacheMembership.remove(removal), deployment)
    return isTold?.first == .integer(1) ? removal : nil
  }

  /// One round trip.
  public func endRemoval(_ removal: CacheRemoval) -> Bool {
    guard let deployment = deployment(removal.domain) else { return false }
    let isTold = run([RedisCacheScripts.endRemoval(removal)] + RedisCacheMembership.remove(removal), deployment)
    return isTold?.first == .integer(1)
  }

  /// One round trip for the contents, whose leases are removed with them, and two for some thousand blobs of the
  /// repository, `voidedRounds` times at the most, because a request waits for it. Entries that are left then become
  /// void when the domain gets another permit.
  public func void(_ digests: [Digest], in repository: RepositoryName?) {
    forget(digests, in: nil)
    if let repository { forget(repository, rounds: Self.voidedRounds) }
  }

  private static let voidedRounds = 5

  /// One round trip.
  public func forget(_ digests: [Digest], in repository: RepositoryName?) {
    guard !digests.isEmpty, let deployment = try? client.deployment() else { return }
    _ = run(
      digests.flatMap { digest in
        repository.map { RedisCacheMembership.remove(digest, from: $0) } ?? [RedisCacheEntry.delete(digest)]
      }, deployment)
  }

  /// Two round trips for some thousand blobs.
  public func forget(_ repository: RepositoryName) {
    forget(repository, rounds: .max)
  }

  private func forget(_ repository: RepositoryName, rounds: Int) {
    guard let deployment = try? client.deployment() else { return }
    var cursor = "0"
    // A server never gives a cursor twice. Another server in its place could, and this loop would not end.
    var cursors: Set<String> = []
    repeat {
      guard cursors.count < rounds, cursors.insert(cursor).inserted else { return }
      guard case .array(let page)? = run([RedisCacheMembership.list(repository, from: cursor)], deployment)?.first,
        page.count == 2, let next = page[0].text, case .array(let members) = page[1]
      else { return }
      let digests = members.compactMap { $0.text.flatMap { Digest($0) } }
      guard run(digests.map { RedisCacheMembership.delete($0, of: repository) }, deployment) != nil else { return }
      cursor = next
    } while cursor != "0"
    _ = run([RedisCacheMembership.delete(repository)], deployment)
  }

  // MARK: - Calls

  /// The servers, if they are still the same.
  private func deployment(_ domain: String) -> RedisDeployment? {
    guard let deployment = try? client.deployment(), Self.domain(deployment) == domain else { return nil }
    return deployment
  }

  /// Commands that are sent at once, at the most.
  private static let pipelined = 2000

  /// nil where there was no answer; the client has logged why.
  private func run(_ commands: [RedisCommand], _ deployment: RedisDeployment) -> [RedisReply]? {
    defer { tell() }
    var replies: [RedisReply] = []
    replies.reserveCapacity(commands.count)
    // A manifest may name more blobs than should be sent at once.
    for start in stride(from: 0, to: commands.count, by: Self.pipelined) {
      let part = commands[start..<min(start + Self.pipelined, commands.count)]
      guard let answers = try? deployment.run(Array(part)) else { return nil }
      replies += answers
    }
    for case .error(let text) in replies {
      meter.count(.errors, 1)
      deployment.gate.log.note(
        "refused a command", .warning,
        "Redis: \(text); what it refuses is looked up in the storage. Check maxmemory, and the rights of redis.username"
      )
    }
    return replies
  }

  /// Counts for all processes what the client has counted for this one.
  private func tell() {
    let (before, now) = told.withLockedValue { told in
      // Under the lock, so that no thread reports an earlier snapshot after a later one.
      let now = client.statistics.snapshot
      defer { told = now }
      return (told, now)
    }
    meter.count(.roundTrips, now.roundTrips - before.roundTrips)
    meter.count(.nanoseconds, now.roundTripNanoseconds - before.roundTripNanoseconds)
    meter.count(.errors, now.errors - before.errors)
    meter.count(.connections, now.connects - before.connects)
    meter.count(.waits, now.poolWaits - before.poolWaits)
  }
}
