import CLinux
import Glibc
import NIOConcurrencyHelpers

/// Identifies a directory among all that ever existed: numbers of removed directories are used again.
struct DirectoryIdentity: Hashable {
  /// When it was made: nanoseconds since 1970.
  let birth: Int64
  private let device: UInt64
  private let number: UInt64

  /// nil where the file system doesn't keep the time of birth.
  init?(_ directory: borrowing FileDescriptor) {
    guard let birth = directory.birth, let identity = try? directory.status().identity else { return nil }
    self.birth = birth
    device = identity.device
    number = identity.number
  }
}

/// Young directories that this process has already synced, with all above them.
final class SyncedDirectories: Sendable {
  private let identities = NIOLockedValueBox<Set<DirectoryIdentity>>([])
  private static let capacity = 4096

  func contains(_ identity: DirectoryIdentity) -> Bool {
    identities.withLockedValue { $0.contains(identity) }
  }

  func insert(_ synced: [DirectoryIdentity]) {
    guard !synced.isEmpty else { return }
    identities.withLockedValue { identities in
      // Start again: most of these are old by now, and old directories are not looked up.
      if identities.count + synced.count > SyncedDirectories.capacity { identities = [] }
      identities.formUnion(synced)
    }
  }
}
