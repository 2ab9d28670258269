import Testing

@testable import Core

private let minimal = "version: 0.1\nstorage: filesystem\n"

/// What of `redis` docker/distribution 2 and 3 take, in the file and in the environment.
@Suite struct RedisConfigurationTests {
  private func load(
    _ text: String, _ environment: [String: String] = [:]
  ) throws -> (redis: Configuration.Redis, warnings: [ConfigurationProblem]) {
    let loaded = try Configuration.parse(Array((minimal + text).utf8), name: "config.yml", environment: environment)
    return (try #require(loaded.configuration.redis), loaded.warnings)
  }

  @Test(arguments: [
    [
      "REGISTRY_REDIS_OPTIONS_ADDRS": "[a:1, b:2]", "REGISTRY_REDIS_OPTIONS_PASSWORD": "hush",
      "REGISTRY_REDIS_OPTIONS_DB": "3",
    ],
    ["REGISTRY_REDIS_ADDRS": "[a:1, b:2]", "REGISTRY_REDIS_PASSWORD": "hush", "REGISTRY_REDIS_DB": "3"],
    ["REGISTRY_REDIS_OPTIONS": "{addrs: [a:1, b:2], password: hush, db: 3}"],
    [
      "REGISTRY_REDIS_OPTIONS_ADDRS_0": "a:1", "REGISTRY_REDIS_OPTIONS_ADDRS_1": "b:2",
      "REGISTRY_REDIS_PASSWORD": "hush", "REGISTRY_REDIS_OPTIONS_DB": "3",
    ],
    [
      "REGISTRY_REDIS": "{addrs: [x:9], password: old}", "REGISTRY_REDIS_ADDRS": "[y:9]",
      "REGISTRY_REDIS_OPTIONS_ADDRS": "[a:1, b:2]", "REGISTRY_REDIS_OPTIONS_PASSWORD": "hush",
      "REGISTRY_REDIS_OPTIONS_DB": "3",
    ],
  ])
  func `an environment of 3.0 names options, one of 3.1 need not`(environment: [String: String]) throws {
    let (redis, warnings) = try load("", environment)
    #expect(redis.addresses == ["a:1", "b:2"] && redis.password == "hush" && redis.database == 3)
    #expect(warnings.isEmpty)
  }

  @Test func `the environment overrides what the file says, whichever way it is named`() throws {
    let (redis, _) = try load(
      "redis: {addrs: [x:1], poolsize: 5, tls: {rootcas: [/a.pem]}}",
      [
        "REGISTRY_REDIS_OPTIONS_POOLSIZE": "7", "REGISTRY_REDIS_OPTIONS_MASTERNAME": "m",
        "REGISTRY_REDIS_TLS_ROOTCAS_0": "/b.pem",
      ])
    #expect(redis.addresses == ["x:1"] && redis.poolSize == 7 && redis.masterName == "m")
    #expect(redis.tls?.rootCAs == ["/b.pem"])
  }

  @Test(arguments: [("REGISTRY_REDIS_OPTIONS", "text"), ("REGISTRY_REDIS_OPTIONS_NOSUCHKEY", "1")])
  func `what is no option is warned of`(variable: String, value: String) throws {
    let (_, warnings) = try load("redis: {addrs: [x:1]}", [variable: value])
    #expect(warnings.map(\.severity) == [.warning])
    #expect(warnings.first?.place == .variable(variable))
  }

  @Test func `options in the file have no effect, there or here`() throws {
    let (redis, warnings) = try load("redis: {addrs: [x:1], options: {addrs: [y:1]}}")
    #expect(redis.addresses == ["x:1"])
    #expect(warnings.map(\.key) == ["redis.options"])
  }

  @Test(arguments: [
    "protocol: 3", "maxretries: 3", "minretrybackoff: 8ms", "maxretrybackoff: 512ms", "contexttimeoutenabled: true",
    "poolfifo: true", "pooltimeout: 1s", "minidleconns: 2", "maxactiveconns: 9", "connmaxlifetime: 1h",
    "maxredirects: 3",
    "readonly: true", "routebylatency: true", "routerandomly: true", "disableidentity: true", "disableindentity: true",
    "identitysuffix: x", "unstableresp3: true",
  ])
  func `a key of go-redis that Berth has no use for is known, and says why`(line: String) throws {
    let (_, warnings) = try load("redis:\n  addrs: [x:1]\n  \(line)")
    #expect(warnings.count == 1)
    #expect(warnings.first?.message.contains("it has no effect: ") == true)
    #expect(warnings.first?.message.contains("unknown") == false)
  }

  @Test(
    arguments: [
      ("addrs: [x:1]", nil), ("tls:", nil), ("tls: {enabled: true}", true), ("tls: {enabled: false}", false),
      ("tls: {enabled: false, rootcas: [/a]}", false),
      ("tls: {rootcas: [/a]}", true), ("tls: {clientcas: [/a]}", true), ("tls: {certificate: /c, key: /k}", true),
    ] as [(String, Bool?)])
  func `TLS is spoken where it is asked for, or has anything to go by`(line: String, isEnabled: Bool?) throws {
    let text = line.hasPrefix("addrs") ? "redis:\n  \(line)" : "redis:\n  addrs: [x:1]\n  \(line)"
    let (redis, _) = try load(text)
    #expect(redis.tls?.enabled == isEnabled)
  }

  @Test(arguments: ["{}", "{rootca: [/a]}", "{rootcas: []}", "{certificate: \"\", key: \"\"}"])
  func `TLS that nothing turns on is a mistake`(section: String) throws {
    let text = minimal + "redis: {addrs: [x:1], tls: \(section)}"
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.parse(Array(text.utf8), name: "config.yml")
    }
    #expect(error?.problems.filter { $0.severity == .error }.map(\.key) == ["redis.tls"])
  }

  @Test func `authorities of 3.0 are trusted, and its name for them is said to be old`() throws {
    for (text, environment) in [
      ("redis: {addrs: [x:1], tls: {clientcas: [/a.pem, /b.pem]}}", [:]),
      (
        "",
        [
          "REGISTRY_REDIS_OPTIONS_ADDRS": "[x:1]", "REGISTRY_REDIS_TLS_CLIENTCAS_0": "/a.pem",
          "REGISTRY_REDIS_TLS_CLIENTCAS_1": "/b.pem",
        ]
      ),
    ] as [(String, [String: String])] {
      let (redis, warnings) = try load(text, environment)
      #expect(redis.tls?.clientCAs == ["/a.pem", "/b.pem"] && redis.tls?.rootCAs == [])
      #expect(warnings.map(\.key) == ["redis.tls.clientcas"])
    }
  }

  @Test(arguments: [("certificate", "key"), ("key", "certificate")])
  func `a certificate without its key is refused, and a key without its certificate`(key: String, other: String) throws
  {
    let text = minimal + "redis: {addrs: [x:1], tls: {\(key): /x.pem}}"
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.parse(Array(text.utf8), name: "config.yml")
    }
    #expect(error?.problems.map(\.key) == ["redis.tls.\(other)"])
  }
}
