extension Configuration.Middleware {
  /// `cloudfront`: clients get files through Amazon's content delivery network, which has the bucket for its origin.
  public struct CloudFront: Sendable, Equatable {
    /// `baseurl`: what the bucket is there; required, without query. Without a scheme, it is https.
    public var baseURL: BaseURL?
    /// `privatekey`: path of a PEM file with an RSA key; required.
    public var privateKey = ""
    /// `keypairid`: what CloudFront knows the key by; required.
    public var keyPairID = ""
    /// `duration`: how long a URL is good for.
    public var duration = Duration.seconds(20 * 60)
    /// `ipfilteredby`: clients that are sent to the bucket itself.
    public var ipFilteredBy = Filter.none
    /// `awsregion`: regions, separated by commas; required for `ipfilteredby: awsregion`.
    public var awsRegion = Regions()
    /// `updatefrequency`: how often Amazon's addresses are read. docker/distribution takes `updatefrenquency`, too.
    public var updateFrequency = Duration.seconds(12 * 3600)
    /// `iprangesurl`: where they are read.
    public var ipRangesURL = "https://ip-ranges.amazonaws.com/ip-ranges.json"

    /// The defaults.
    public init() {}

    /// Which clients are sent to the bucket itself.
    public enum Filter: String, Sendable, CaseIterable {
      /// None.
      case none
      /// Those with an address of Amazon's.
      case aws
      /// Those with an address of some of its regions.
      case awsregion
    }

    /// Names of regions, in lower case.
    public struct Regions: Sendable, Equatable {
      /// `us-east-1` and the like.
      public var names: [String] = []

      /// None.
      public init() {}
    }
  }
}

extension Configuration.Middleware.CloudFront.Filter: ConfigurationKeyword {
  /// An empty text is `none`, as in docker/distribution.
  init?(_ node: YAMLNode) {
    let word = (node.scalar?.text ?? "-").filter { $0 != " " }.lowercased()
    self.init(rawValue: word.isEmpty ? "none" : word)
  }
}

extension Configuration.Middleware.CloudFront.Regions: ConfigurationValue {
  static var expectation: String { "names of regions, separated by commas" }

  init?(_ node: YAMLNode) {
    guard let text = node.scalar?.text else { return nil }
    names = text.lowercased().filter { $0 != " " }.split(separator: ",").map(String.init)
  }

  var content: YAMLNode.Content? { names.joined(separator: ",").content }
}

extension Configuration.Middleware.CloudFront: ConfigurationSection {
  mutating func visit(_ keys: some ConfigurationVisitor) {
    keys.baseURL("baseurl", &baseURL, assuming: "https://")
    keys.value("privatekey", &privateKey)
    keys.value("keypairid", &keyPairID)
    keys.value("duration", &duration)
    keys.value("ipfilteredby", &ipFilteredBy)
    keys.value("awsregion", &awsRegion)
    keys.alias { keys.value("updatefrenquency", &updateFrequency) }
    keys.value("updatefrequency", &updateFrequency)
    keys.value("iprangesurl", &ipRangesURL)
    check(keys)
  }

  private func check(_ keys: some ConfigurationVisitor) {
    if privateKey.isEmpty {
      keys.report(.error, "privatekey", "it is required", remedy: "name the PEM file of the key that signs URLs")
    }
    if keyPairID.isEmpty {
      keys.report(.error, "keypairid", "it is required", remedy: "give the ID that CloudFront shows for the public key")
    }
    keys.checkLifetime("duration", duration)
    keys.checkLifetime("updatefrequency", updateFrequency)
    if ipFilteredBy == .awsregion, awsRegion.names.isEmpty {
      keys.report(
        .error, "awsregion", "it is required for ipfilteredby: awsregion", remedy: "name regions: us-east-1, eu-west-1")
    }
    if WebURL(ipRangesURL) == nil {
      keys.report(
        .error, "iprangesurl", "this is no absolute URL of http or https", remedy: "correct it, or remove it")
    }
  }
}
