import Glibc

/// Users and groups by name or number.
enum Account {
  static func user(_ name: String) throws(ListeningError) -> uid_t {
    if let number = uid_t(name) { return number }
    guard let entry = getpwnam(name) else {
      throw ListeningError("there is no user \(name)", remedy: "make it, or correct fastcgi.owner")
    }
    return entry.pointee.pw_uid
  }

  static func group(_ name: String) throws(ListeningError) -> gid_t {
    if let number = gid_t(name) { return number }
    guard let entry = getgrnam(name) else {
      throw ListeningError("there is no group \(name)", remedy: "make it, or correct fastcgi.group")
    }
    return entry.pointee.gr_gid
  }
}
