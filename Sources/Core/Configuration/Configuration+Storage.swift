extension Configuration {
  /// `storage`: one driver, and what is done with it.
  public struct Storage: Sendable, Equatable {
    /// The driver with its parameters.
    public var driver = Driver.filesystem(Filesystem())
    /// `storage.delete.enabled`: whether blobs, manifests and tags may be deleted through the API.
    public var deleteEnabled = false
    /// `storage.redirect.disable`: never send a client to the object store.
    public var redirectDisabled = false
    /// `storage.maintenance.readonly.enabled`
    public var readOnly = false
    /// `storage.maintenance.uploadpurging`
    public var uploadPurging = UploadPurging()

    /// The drivers.
    public enum Driver: Sendable, Equatable {
      /// `storage.filesystem`
      case filesystem(Filesystem)
      /// `storage.inmemory`
      case inMemory
    }
  }

  /// `storage.filesystem`
  public struct Filesystem: Sendable, Equatable {
    /// `rootdirectory`
    public var rootDirectory = "/var/lib/registry"
    /// `maxthreads`: operations under way at once; at least 25.
    public var maxThreads = 100
  }

  /// `storage.maintenance.uploadpurging`
  public struct UploadPurging: Sendable, Equatable {
    /// `enabled`
    public var enabled = true
    /// `age`
    public var age = Duration.seconds(168 * 3600)
    /// `interval`
    public var interval = Duration.seconds(24 * 3600)
    /// `dryrun`
    public var dryRun = false
  }
}
