public import HTTPTypes

extension HTTPField.Name {
  /// `Docker-Content-Digest`
  public static let dockerContentDigest = constant("Docker-Content-Digest")
  /// `Docker-Distribution-API-Version`
  public static let dockerDistributionAPIVersion = constant("Docker-Distribution-API-Version")
  /// `Docker-Upload-UUID`
  public static let dockerUploadUUID = constant("Docker-Upload-UUID")
  /// `Forwarded` (RFC 7239)
  public static let forwarded = constant("Forwarded")
  /// `Host`
  public static let host = constant("Host")
  /// `Link` (RFC 8288)
  public static let link = constant("Link")
  /// `OCI-Filters-Applied`
  public static let ociFiltersApplied = constant("OCI-Filters-Applied")
  /// `OCI-Subject`
  public static let ociSubject = constant("OCI-Subject")
  /// `OCI-Tag`
  public static let ociTag = constant("OCI-Tag")
  /// `X-Accel-Redirect`, nginx's internal redirect
  public static let xAccelRedirect = constant("X-Accel-Redirect")
  /// `X-Berth-Last-Piece`: for nginx, by what it knows an answer of the object store that is fit to be cached
  public static let xBerthLastPiece = constant("X-Berth-Last-Piece")
  /// `X-Berth-Object`: for nginx, path and query of a URL of the object store
  public static let xBerthObject = constant("X-Berth-Object")
  /// `X-Berth-Range`: for nginx, the range of the object that it is to ask for; absent: all of it
  public static let xBerthRange = constant("X-Berth-Range")
  /// `X-Forwarded-For`
  public static let xForwardedFor = constant("X-Forwarded-For")
  /// `X-Forwarded-Host`
  public static let xForwardedHost = constant("X-Forwarded-Host")
  /// `X-Forwarded-Port`
  public static let xForwardedPort = constant("X-Forwarded-Port")
  /// `X-Forwarded-Proto`
  public static let xForwardedProto = constant("X-Forwarded-Proto")
  /// `X-Request-Id`
  public static let xRequestID = constant("X-Request-Id")

  private static func constant(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
    return name
  }
}
