import HTTPTypes

/// Calls the handler for a request, and turns the errors that it throws into answers.
public struct Router: RequestHandler {
  private let prefix: String
  private let context: APIContext

  /// Over a registry.
  public init(context: APIContext) {
    self.context = context
    self.prefix = context.configuration.http.prefix
  }

  /// Answers; whatever is thrown becomes the OCI error form.
  public func respond(to request: Request) async -> Response {
    do {
      return try await dispatch(request)
    } catch {
      context.report(error, request)
      return error.response
    }
  }

  /// Parses the path. A malformed tag can't have been pushed, so GET, HEAD and DELETE of one get MANIFEST_UNKNOWN.
  private func route(_ request: Request) throws(RegistryError) -> Route {
    do {
      return try Route(path: request.path, prefix: prefix)
    } catch {
      guard request.method != .put, let entry = error.entries.first, entry.code == .tagInvalid else { throw error }
      throw RegistryError(.manifestUnknown, entry.message, detail: entry.detail)
    }
  }

  private func dispatch(_ request: Request) async throws(RegistryError) -> Response {
    let route = try route(request)
    // A browser sends OPTIONS before it lets a page of another host use the registry (CORS). The permissions come from
    // `http.headers`.
    if request.method == .options {
      return Response(.ok, fields: [.allow: route.allowedMethods(context.configuration.storage)])
    }
    switch (route, request.method) {
    case (.base, .get), (.base, .head):
      return BaseHandler.response
    case (.catalog, .get), (.catalog, .head):
      return try await CatalogHandler(context).list(request)
    case (.tags(let name), .get), (.tags(let name), .head):
      return try await TagsHandler(context).list(request, context.registry.repository(name))
    case (.repository(let name), .delete):
      return try await RepositoryHandler(context).delete(request, context.registry.repository(name))
    case (.tagHistory(let name, let tag), .get), (.tagHistory(let name, let tag), .head):
      return try await TagHistoryHandler(context).list(request, context.registry.repository(name), tag)
    case (.referrers(let name, let subject), .get), (.referrers(let name, let subject), .head):
      return try await ReferrersHandler(context).list(request, context.registry.repository(name), subject)
    case (.manifest(let name, let reference), let method):
      let repository = context.registry.repository(name)
      let handler = ManifestHandler(context)
      switch method {
      case .get, .head: return try await handler.get(request, repository, reference)
      case .put: return try await handler.put(request, repository, reference)
      case .delete: return try await handler.delete(request, repository, reference)
      default: break
      }
    case (.blob(let name, let digest), let method):
      let repository = context.registry.repository(name)
      let handler = BlobHandler(context)
      switch method {
      case .get, .head: return try await handler.get(request, repository, digest)
      case .delete: return try await handler.delete(request, repository, digest)
      default: break
      }
    case (.uploads(let name), .post):
      return try await UploadHandler(context).begin(request, context.registry.repository(name))
    case (.upload(let name, let id), let method):
      let repository = context.registry.repository(name)
      let handler = UploadHandler(context)
      switch method {
      case .get, .head: return try await handler.status(request, repository, id)
      case .patch: return try await handler.append(request, repository, id)
      case .put: return try await handler.finish(request, repository, id)
      case .delete: return try await handler.cancel(request, repository, id)
      default: break
      }
    default:
      break
    }
    throw RegistryError(
      .unsupported, "\(request.method.rawValue) is not offered here",
      fields: [.allow: route.allowedMethods(context.configuration.storage)])
  }
}

extension Route {
  /// For `Allow` (RFC 9110, section 10.2.1).
  func allowedMethods(_ storage: Configuration.Storage) -> String {
    let methods: [HTTPRequest.Method] =
      switch self {
      case .base, .catalog, .tags, .referrers, .tagHistory: [.get, .head]
      case .manifest: storage.deleteEnabled ? [.get, .head, .put, .delete] : [.get, .head, .put]
      case .blob: storage.deleteEnabled ? [.get, .head, .delete] : [.get, .head]
      case .repository: storage.deleteEnabled && storage.deleteRepositories ? [.delete] : []
      case .uploads: [.post]
      case .upload: [.get, .head, .patch, .put, .delete]
      }
    let allowed = methods.filter { !storage.readOnly || !ReadOnly.refuses($0) } + [.options]
    return allowed.map(\.rawValue).joined(separator: ", ")
  }
}
