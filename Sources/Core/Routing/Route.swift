/// What a path names.
enum Route: Equatable {
  /// `/v2/`
  case base
  /// `/v2/_catalog`
  case catalog
  /// `/v2/<name>/tags/list`
  case tags(RepositoryName)
  /// `/v2/<name>/manifests/<tag-or-digest>`
  case manifest(RepositoryName, Reference)
  /// `/v2/<name>/blobs/<digest>`
  case blob(RepositoryName, Digest)
  /// `/v2/<name>/blobs/uploads/`
  case uploads(RepositoryName)
  /// `/v2/<name>/blobs/uploads/<id>`
  case upload(RepositoryName, UploadID)
  /// `/v2/<name>/referrers/<digest>`
  case referrers(RepositoryName, Digest)
  /// `/v2/<name>/_berth/repository`
  case repository(RepositoryName)
  /// `/v2/<name>/_berth/tags/<tag>/history`
  case tagHistory(RepositoryName, Tag)
}

extension Route {
  /// Parses a request's undecoded path below `prefix`, which begins and ends with `/`.
  ///
  /// The path is parsed from its end, because repository names may contain the names of endpoints.
  init(path: String, prefix: String) throws(RegistryError) {
    guard path.utf8.starts(with: prefix.utf8) else { throw Route.unknown }
    var parts = try Route.components(path.utf8.dropFirst(prefix.utf8.count))
    guard parts.first == "v2" else { throw Route.unknown }
    parts.removeFirst()
    switch parts {
    case [], [""]:
      self = .base
      return
    case ["_catalog"]:
      self = .catalog
      return
    default:
      break
    }
    if let route = try Route.ofBerth(parts) {
      self = route
      return
    }
    guard let last = parts.popLast(), let kind = parts.popLast() else { throw Route.unknown }
    switch (kind, last) {
    case ("tags", "list"):
      self = .tags(try Route.name(parts))
    case ("manifests", _):
      self = .manifest(try Route.name(parts), try Route.reference(last))
    case ("referrers", _):
      self = .referrers(try Route.name(parts), try Route.digest(last))
    case ("uploads", _) where parts.last == "blobs":
      let name = try Route.name(parts.dropLast())
      if last.isEmpty {
        self = .uploads(name)
      } else if let id = UploadID(last) {
        self = .upload(name, id)
      } else {
        throw RegistryError(.blobUploadUnknown, "no upload has that name", detail: ["uuid": last])
      }
    case ("blobs", "uploads"):
      self = .uploads(try Route.name(parts))
    case ("blobs", _):
      self = .blob(try Route.name(parts), try Route.digest(last))
    default:
      throw Route.unknown
    }
  }

  /// Berth's own endpoints, in the format of the distribution spec for extensions; nil for another path. They can't
  /// collide with repositories: no name has a component that begins with an underscore.
  private static func ofBerth(_ parts: [String]) throws(RegistryError) -> Route? {
    if parts.count >= 2, parts[parts.count - 2] == "_berth", parts.last == "repository" {
      return .repository(try name(parts.dropLast(2)))
    }
    if parts.count >= 4, parts[parts.count - 4] == "_berth", parts[parts.count - 3] == "tags", parts.last == "history" {
      return .tagHistory(try name(parts.dropLast(4)), try tag(parts[parts.count - 2]))
    }
    return nil
  }

  private static let unknown = RegistryError(.nameUnknown, "there is nothing at this path")

  /// Splits at slashes and decodes each part: an encoded slash or dot never changes what the path means,
  /// since no name, tag or digest may hold one beyond its grammar.
  private static func components(_ path: Substring.UTF8View) throws(RegistryError) -> [String] {
    var parts: [String] = []
    for part in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let text = PercentEncoding.decode(Substring(part)) else {
        throw RegistryError(.nameInvalid, "the path is not validly percent-encoded UTF-8")
      }
      parts.append(text)
    }
    return parts
  }

  private static func name(_ parts: some Collection<String>) throws(RegistryError) -> RepositoryName {
    // Faster than `joined(separator:)`.
    var text = parts.first ?? ""
    for part in parts.dropFirst() {
      text += "/"
      text += part
    }
    // An encoded slash has not been a separator, and must not become one by being joined.
    guard parts.allSatisfy({ !$0.utf8.contains(UInt8(ascii: "/")) }), let name = RepositoryName(text) else {
      throw RegistryError(
        .nameInvalid, "a repository name is made of lower-case letters and digits, separated by one of . _ __ - /",
        detail: ["name": text])
    }
    return name
  }

  private static func reference(_ text: String) throws(RegistryError) -> Reference {
    if text.utf8.contains(UInt8(ascii: ":")) { return .digest(try digest(text)) }
    return .tag(try tag(text))
  }

  /// A tag that the client named, in a path or a query.
  static func tag(_ text: String) throws(RegistryError) -> Tag {
    guard let tag = Tag(text) else {
      throw RegistryError(
        .tagInvalid, "a tag is up to 128 letters, digits, . _ or -, and begins with none of . and -",
        detail: ["tag": text])
    }
    return tag
  }

  /// A digest that the client named, in a path or a query.
  static func digest(_ text: String) throws(RegistryError) -> Digest {
    guard let digest = Digest(text) else {
      throw RegistryError(
        .digestInvalid, "a digest is sha256: or sha512: with its lower-case hexadecimal digits",
        detail: ["digest": text])
    }
    return digest
  }
}
