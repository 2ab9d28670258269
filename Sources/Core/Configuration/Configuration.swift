/// A registry's whole configuration, typed: what the file and the environment say, with defaults filled in.
///
/// Keys and defaults are docker/distribution's; `fastcgi` is Berth's own.
public struct Configuration: Sendable, Equatable {
  /// `log`
  public var log = Log()
  /// `storage`
  public var storage = Storage()
  /// `http`
  public var http = HTTP()
  /// `fastcgi`
  public var fastcgi = FastCGI()
  /// `catalog`
  public var catalog = Catalog()
  /// `tags`
  public var tags = Tags()
  /// `validation`
  public var validation = Validation()

  /// The defaults: filesystem storage, the FastCGI socket in /run/berth.
  public init() {}
}
