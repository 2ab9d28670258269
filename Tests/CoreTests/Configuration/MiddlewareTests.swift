import Testing

@testable import Core

private func load(_ middleware: String, storage: String = "filesystem") throws(ConfigurationError)
  -> Configuration.Loaded
{
  try Configuration.parse(
    Array("version: 0.1\nstorage: \(storage)\nmiddleware: \(middleware)\n".utf8), name: "config.yml")
}

@Suite struct MiddlewareTests {
  @Test func `all options, in the order of the file`() throws {
    let middleware = try load(
      """
      {storage: [{name: cloudfront, options: {baseurl: cdn.test/a, privatekey: /k.pem, keypairid: K2, duration: 1m,
      ipfilteredby: AWSRegion, awsregion: "us-east-1, EU-west-1,", updatefrenquency: 2h, iprangesurl: "https://x/y"}},
      {name: redirect, options: {baseurl: "http://dl.test:81/b/", secret: 0123456789abcdef, duration: 5m}},
      {name: rewrite, options: {scheme: HTTPS, host: "c.test:82", trimpathprefix: /d}}]}
      """
    ).configuration.middleware
    let kinds = try #require(middleware).storage.map(\.kind)
    try #require(kinds.count == 3)
    guard case .cloudFront(let cloudFront) = kinds[0], case .redirect(let redirect) = kinds[1],
      case .rewrite(let rewrite) = kinds[2]
    else {
      Issue.record("\(kinds)")
      return
    }
    #expect(cloudFront.baseURL?.url.text == "https://cdn.test/a")
    #expect(cloudFront.privateKey == "/k.pem" && cloudFront.keyPairID == "K2")
    #expect(cloudFront.duration == .seconds(60) && cloudFront.updateFrequency == .seconds(7200))
    #expect(cloudFront.ipFilteredBy == .awsregion && cloudFront.awsRegion.names == ["us-east-1", "eu-west-1"])
    #expect(cloudFront.ipRangesURL == "https://x/y")
    #expect(redirect.baseURL?.url.text == "http://dl.test:81/b")
    #expect(redirect.secret.value == "0123456789abcdef" && redirect.duration == .seconds(300))
    #expect(rewrite.scheme == .https && rewrite.host?.text == "c.test:82" && rewrite.trimPathPrefix == "/d")
  }

  private static let cloudFront = "baseurl: cdn.test, privatekey: /k, keypairid: K"

  @Test(arguments: [
    ("registry: [{name: own, options: {anything: goes}}]", ["registry[0].name"]),
    (
      "repository: [{name: redirect, disabled: true}, {name: redirect, options: {baseurl: \"http://x\"}}]",
      ["repository[1].name"]
    ),
    ("storage: [{name: own, options: {a: b}}]", ["storage[0].name"]),
    ("storage: [{options: {a: b}}]", ["storage[0].name"]),
    ("storage: [{name: redirect}]", ["storage[0]"]), ("storage: [{name: redirect, options: }]", ["storage[0]"]),
    ("storage: [{name: redirect, options: {}}]", ["storage[0].options.baseurl"]),
    ("storage: [{name: redirect, options: {baseurl: }}]", ["storage[0].options.baseurl"]),
    ("storage: [{name: redirect, options: {baseurl: x.test}}]", ["storage[0].options.baseurl"]),
    (
      "storage: [{name: redirect, options: {baseurl: [a]}}]",
      ["storage[0].options.baseurl", "storage[0].options.baseurl"]
    ),
    ("storage: [{name: redirect, options: {baseurl: \"ftp://x\"}}]", ["storage[0].options.baseurl"]),
    ("storage: [{name: redirect, options: {baseurl: \"http://x\", secret: short}}]", ["storage[0].options.secret"]),
    (
      "storage: [{name: redirect, options: {baseurl: \"http://x\", secret: \"with a $ and 16\"}}]",
      ["storage[0].options.secret"]
    ),
    ("storage: [{name: redirect, options: {baseurl: \"http://x\", duration: 0}}]", ["storage[0].options.duration"]),
    ("storage: [{name: redirect, options: {baseurl: \"http://x\", duration: -1s}}]", ["storage[0].options.duration"]),
    ("storage: [{name: rewrite, options: {scheme: ftp}}]", ["storage[0].options.scheme"]),
    ("storage: [{name: rewrite, options: {host: \"http://x\"}}]", ["storage[0].options.host"]),
    ("storage: [{name: rewrite, options: {trimpathprefix: x}}]", ["storage[0].options.trimpathprefix"]),
    (
      "storage: [{name: cloudfront, options: {baseurl: \"http://a b\", privatekey: /k, keypairid: K}}]",
      ["storage[0].options.baseurl"]
    ),
    (
      "storage: [{name: cloudfront, options: {baseurl: a}}]",
      ["storage[0].options.privatekey", "storage[0].options.keypairid"]
    ),
    ("storage: [{name: cloudfront, options: {\(cloudFront), ipfilteredby: gcp}}]", ["storage[0].options.ipfilteredby"]),
    (
      "storage: [{name: cloudfront, options: {\(cloudFront), ipfilteredby: awsregion}}]",
      ["storage[0].options.awsregion"]
    ),
    (
      "storage: [{name: cloudfront, options: {\(cloudFront), ipfilteredby: awsregion, awsregion: \" , \"}}]",
      ["storage[0].options.awsregion"]
    ),
    (
      "storage: [{name: cloudfront, options: {\(cloudFront), updatefrequency: 0}}]",
      ["storage[0].options.updatefrequency"]
    ),
    ("storage: [{name: cloudfront, options: {\(cloudFront), iprangesurl: x}}]", ["storage[0].options.iprangesurl"]),
  ])
  func `a mistake is an error with a remedy`(text: String, keys: [String]) throws {
    let error = #expect(throws: ConfigurationError.self) { try load("{\(text)}") }
    let errors = try #require(error).problems.filter { $0.severity == .error }
    #expect(errors.map(\.key) == keys.map { "middleware.\($0)" })
    #expect(errors.allSatisfy { !$0.remedy.isEmpty })
  }

  @Test(arguments: [
    "{registry: [{name: own, disabled: true, options: {a: b}}], repository: [{disabled: true}]}",
    "{storage: [{name: own, disabled: true, options: {a: b}}, {name: redirect, disabled: true}]}",
    "{storage: [{name: cloudfront, disabled: true, options: {baseurl: [wrong]}}]}",
    "{storage: [{name: redirect, options: {baseurl: \"http://x\"}}]}",
    "{storage: [{name: rewrite, options: {}}]}", "", "{storage: }",
  ])
  func `nothing is said of what is right, or disabled`(text: String) throws {
    #expect(try load(text).warnings.isEmpty)
  }

  @Test(arguments: [
    ("filesystem", "{storage: [{name: cloudfront, options: {\(cloudFront)}}]}"),
    ("{filesystem: {}, redirect: {disable: true}}", "{storage: [{name: rewrite, options: {}}]}"),
  ])
  func `what has no effect on this storage is said`(storage: String, text: String) throws {
    #expect(try load(text, storage: storage).warnings.map(\.key) == ["middleware"])
  }

  @Test func `the result is printed without the secret, and can be read again`() throws {
    let text =
      "{storage: [{name: redirect, options: {baseurl: \"https://dl.test/b/\", secret: 0123456789abcdef}}, {name: own, disabled: true}]}"
    let yaml = try load(text).configuration.yaml
    #expect(yaml.contains("baseurl: \"https://dl.test/b\"") && yaml.contains("duration: 20m"))
    #expect(yaml.contains("secret: \"********\"") && !yaml.contains("0123456789abcdef"))
  }
}
