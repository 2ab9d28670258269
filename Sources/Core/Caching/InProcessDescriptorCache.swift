import NIOConcurrencyHelpers
import Synchronization

/// A ``BlobDescriptorCache`` in this process, which several processes of a host can have beside each other: what one of
/// them removes, none of them finds (`storage.cache.blobdescriptor: inmemory`).
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
  ///   - capacity: descriptors that are kept at the most, those that were used lately; 0: all.
  ///   - domain: the same for all processes that share `generation`.
  public init(capacity: Int, domain: String, generation: CacheGeneration) {
    name = domain
    self.generation = generation
    entries = NIOLockedValueBox(LRUCache(capacity: capacity == 0 ? .max : capacity))
  }

  /// The one that it was made with.
  public func domain() -> String? { name }

  /// Leases are counts of the generation.
  public func find(_ digests: [Digest], in repository: RepositoryName?, _ pass: CachePass) -> [CacheFinding] {
    // Before anything is looked for, here or in the storage.
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

  /// What is remembered under a former generation is never found.
  public func add(_ new: [CacheEntry], in repository: RepositoryName?, _ pass: CachePass) {
    entries.withLockedValue { entries in
      for entry in new {
        entries.store(
          Entry(blob: entry.blob, permit: pass.number, generation: entry.lease.number),
          for: Key(digest: entry.digest, repository: repository))
      }
    }
  }

  /// Moves the generation on, so that a request that misses the link in the middle of the removal finds nothing
  /// remembered that would contradict it. Should this process die over it, the supervisor moves it on again.
  public func beginRemoval(of digest: Digest, in repository: RepositoryName?) -> CacheRemoval? {
    generation.advance()
    return CacheRemoval(domain: name, digest: digest, repository: repository, number: 0)
  }

  /// Moves the generation on, which voids all that was remembered, in all processes. Never fails.
  public func endRemoval(_ removal: CacheRemoval) -> Bool {
    generation.advance()
    return true
  }
}

extension InProcessDescriptorCache {
  /// Moves the generation on.
  public func void(_ digests: [Digest], in repository: RepositoryName?) { generation.advance() }

  /// Nothing: it holds no more than it may, and what is void goes when it is met.
  public func forget(_ digests: [Digest], in repository: RepositoryName?) {}

  /// Nothing, as for contents.
  public func forget(_ repository: RepositoryName) {}
}

/// A counter that all processes of a host share: what was remembered under another count is void.
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
