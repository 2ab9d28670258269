import Glibc

/// The limit of open descriptors per process.
enum DescriptorLimit {
  /// Raises the limit as far as the system allows: each connection is a descriptor, and the default is meant for
  /// interactive programs.
  static func raise() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }
}
