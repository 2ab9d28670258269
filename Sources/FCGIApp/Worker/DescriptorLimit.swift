import Glibc

/// How many descriptors a process may have.
enum DescriptorLimit {
  /// Takes all that the system grants: a connection is one, and the usual limit is that of an interactive program.
  static func raise() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }
}
