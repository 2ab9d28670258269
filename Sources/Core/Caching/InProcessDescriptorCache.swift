import NIOConcurrencyHelpers
import Synchronization

/// A ``BlobDescriptorCache`` in this process's memory (`storage.cache.blobdescriptor: inmemory`). The processes of a
/// host each have one, and share a generation: a removal by one process voids the entries of all.
public final class InProcessDescriptorCache: BlobDescriptorCache {
  private let name: String
  private let generation: CacheGeneration
  private let entries: NIOLockedValueBox<LRUCache<Key, Entry>>

  private struct Key: Hashable {
    var digest: Digest
    var repository: RepositoryName?
  }

  private struct Entry {
    var blob: CachedBlob
    var permit: UInt64
    var generation: UInt64
  }

  /// - Parameters:
  ///   - capacity: maximum number of descriptors; the least recently used are dropped. 0: no limit.
  ///   - domain: the same for all processes that share `generation`.
  public init(capacity: Int, domain: String, generation: CacheGeneration) {
    name = domain
    self.generation = generation
    entries = NIOLockedValueBox(LRUCache(capacity: capacity == 0 ? .max : capacity))
  }

  /// The domain that was given to `init`.
  public func domain() -> String? { name }

  /// Leases are counts of the generation.
  public func find(_ digests: [Digest], in repository: RepositoryName?, _ pass: CachePass) -> [CacheFinding] {
    // Read it before looking, here or in the storage.
    let current = generation.current()
    return entries.withLockedValue { entries in
      digests.map { digest in
        let key = Key(digest: digest, repository: repository)
        guard let entry = entries.value(for: key) else { return .miss(CacheLease(current)) }
        guard entry.generation == current, entry.permit == pass.number else {
          entries.remove(key)
          return .miss(CacheLease(current))
        }
        return .hit(entry.blob, CacheLease(current))
      }
    }
  }

  /// Entries of a former generation are never found.
  public func add(_ new: [CacheEntry], in repository: RepositoryName?, _ pass: CachePass) {
    entries.withLockedValue { entries in
      for entry in new {
        entries.store(
          Entry(blob: entry.blob, permit: pass.number, generation: entry.lease.number),
          for: Key(digest: entry.digest, repository: repository))
      }
    }
  }

  /// Advances the generation, so that a request that no longer finds the link during the removal finds no entry that
  /// contradicts it. If this process dies, the supervisor advances it again.
  public func beginRemoval(of digest: Digest, in repository: RepositoryName?) -> CacheRemoval? {
    generation.advance()
    return CacheRemoval(domain: name, digest: digest, repository: repository, number: 0)
  }

  /// Advances the generation, which voids all entries in all processes. Never fails.
  public func endRemoval(_ removal: CacheRemoval) -> Bool {
    generation.advance()
    return true
  }
}

extension InProcessDescriptorCache {
  /// Advances the generation.
  public func void(_ digests: [Digest], in repository: RepositoryName?) { generation.advance() }

  /// Does nothing: the size is bounded, and void entries are dropped when they are found.
  public func forget(_ digests: [Digest], in repository: RepositoryName?) {}

  /// Does nothing, as for contents.
  public func forget(_ repository: RepositoryName) {}
}

/// A counter that all processes of a host share: entries with another count are void.
public struct CacheGeneration: Sendable {
  let current: @Sendable () -> UInt64
  let advance: @Sendable () -> Void

  /// A counter in memory that the caller shares between processes.
  public init(current: @escaping @Sendable () -> UInt64, advance: @escaping @Sendable () -> Void) {
    self.current = current
    self.advance = advance
  }

  /// One of this process alone.
  public static func ofThisProcess() -> CacheGeneration {
    let counter = Counter()
    return CacheGeneration(
      current: { counter.value.load(ordering: .acquiring) },
      advance: { counter.value.add(1, ordering: .releasing) })
  }

  private final class Counter: Sendable {
    let value = Atomic<UInt64>(0)
  }
}
