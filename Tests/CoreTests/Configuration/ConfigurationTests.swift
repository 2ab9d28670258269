import HTTPTypes
import Testing

@testable import Core

/// The configuration of a file's text, and what is said of it.
private func load(_ text: String, _ environment: [String: String] = [:]) throws(ConfigurationError)
  -> Configuration.Loaded
{
  try Configuration.parse(Array(text.utf8), name: "config.yml", environment: environment)
}

/// All problems of a text that must not be accepted, or the warnings of one that must.
private func problems(_ text: String, _ environment: [String: String] = [:]) -> [ConfigurationProblem] {
  do throws(ConfigurationError) {
    return try load(text, environment).warnings
  } catch {
    return error.problems
  }
}

private let minimal = "version: 0.1\nstorage: filesystem\n"

@Suite struct ConfigurationTests {
  @Test func `the least that a file can say takes every default`() throws {
    #expect(try load(minimal).configuration == Configuration())
    #expect(try load("version: 0.1\nstorage:\n  filesystem:\n").configuration == Configuration())
    #expect(try load("version: 0.1\nstorage: {filesystem: {}}\n").warnings.isEmpty)
  }

  @Test func `a file of docker-registry as Debian ships it, without its auth and health`() throws {
    let loaded = try load(
      """
      version: 0.1
      log:
        fields:
          service: registry
      storage:
        cache:
          blobdescriptor: inmemory
        filesystem:
          rootdirectory: /var/lib/docker-registry
        delete:
          enabled: true
        tag:
          concurrencylimit: 8
      http:
        addr: :5000
        headers:
          X-Content-Type-Options: [nosniff]
      """)
    let configuration = loaded.configuration
    #expect(loaded.warnings.isEmpty)
    #expect(configuration.log.fields == ["service": "registry"])
    #expect(configuration.storage.cache?.blobDescriptor == .inMemory)
    #expect(configuration.storage.deleteEnabled)
    guard case .filesystem(let filesystem) = configuration.storage.driver else {
      Issue.record("\(configuration.storage.driver)")
      return
    }
    #expect(filesystem.rootDirectory == "/var/lib/docker-registry")
    #expect(configuration.http.headers[.xContentTypeOptions] == "nosniff")
  }

  @Test func `every key that has an effect`() throws {
    let configuration = try load(
      """
      version: 0.1
      log: {level: DEBUG, formatter: logstash, accesslog: {disabled: true}, fields: {a: b, n: 1}}
      storage:
        filesystem: {rootdirectory: /srv/registry, maxthreads: 50}
        delete: {enabled: on, repositories: true}
        redirect: {disable: true}
        cache: {layerinfo: inmemory, blobdescriptorsize: 7}
        tag: {concurrencylimit: 8}
        maintenance:
          uploadpurging: {enabled: false, age: 1h, interval: 30m, dryrun: yes}
          garbagecollection: {enabled: true, schedule: "30 3 * * sun", grace: 2h, deleteuntagged: true}
          readonly: {enabled: true}
      http:
        addr: 127.0.0.1:5001
        net: tcp
        host: https://registry.example.com:5443/
        prefix: my/registry
        secret: hush
        relativeurls: false
        draintimeout: 1m30s
        manifestmaxage: 2h
        headers:
          X-B: [one, two]
          X-A: [three]
        tls:
          certificate: /tls/cert.pem
          key: /tls/key.pem
          clientcas: [/tls/ca.pem]
          clientauth: verify-client-cert-if-given
          minimumtls: tls1.3
          ciphersuites: [TLS_AES_128_GCM_SHA256]
        http2: {disabled: true}
      fastcgi:
        address: 127.0.0.1:9000
        mode: 0600
        owner: berth
        group: www-data
        workers: 4
        threads: 8
        maxuploads: 16
        accelprefix: ""
        resolver: [10.0.0.2, "[fd00::2]:53"]
        blobcache: {path: /var/cache/berth, size: 2t, slice: 8M}
      catalog: {maxentries: 5}
      tags: {maxtags: 6}
      policy: {repository: {mounts: off}}
      validation:
        disabled: true
        manifests:
          urls: {allow: ["^https://"], deny: ["^http://"]}
          sizes: lenient
          indexes:
            platforms: List
            platformlist: [{architecture: amd64, os: linux}]
      """
    ).configuration

    var expected = Configuration()
    expected.log.level = .debug
    expected.log.formatter = .logstash
    expected.log.accessLogDisabled = true
    expected.log.fields = ["a": "b", "n": "1"]
    var filesystem = Configuration.Filesystem()
    filesystem.rootDirectory = "/srv/registry"
    filesystem.maxThreads = 50
    expected.storage.driver = .filesystem(filesystem)
    expected.storage.deleteEnabled = true
    expected.storage.deleteRepositories = true
    expected.storage.redirectDisabled = true
    var cache = Configuration.Cache()
    cache.blobDescriptor = .inMemory
    cache.blobDescriptorSize = 7
    expected.storage.cache = cache
    expected.storage.tagConcurrencyLimit = 8
    expected.storage.uploadPurging.enabled = false
    expected.storage.uploadPurging.age = .seconds(3600)
    expected.storage.uploadPurging.interval = .seconds(1800)
    expected.storage.uploadPurging.dryRun = true
    expected.storage.garbageCollection.enabled = true
    expected.storage.garbageCollection.schedule = try #require(MaintenanceSchedule("30 3 * * sun"))
    expected.storage.garbageCollection.grace = .seconds(7200)
    expected.storage.garbageCollection.deleteUntagged = true
    expected.storage.readOnly = true
    expected.http.address = .tcp(host: "127.0.0.1", port: 5001)
    expected.http.host = "https://registry.example.com:5443"
    expected.http.prefix = "/my/registry/"
    expected.http.secret = "hush"
    expected.http.relativeURLs = false
    expected.http.drainTimeout = .seconds(90)
    expected.http.manifestMaxAge = .seconds(7200)
    for (name, value) in [("X-B", "one"), ("X-B", "two"), ("X-A", "three")] {
      expected.http.headers.append(HTTPField(name: try #require(.init(name)), value: value))
    }
    expected.http.tls.certificate = "/tls/cert.pem"
    expected.http.tls.key = "/tls/key.pem"
    expected.http.tls.clientCAs = ["/tls/ca.pem"]
    expected.http.tls.clientAuth = .verifyIfGiven
    expected.http.tls.minimum = .tls13
    expected.http.tls.cipherSuites = ["TLS_AES_128_GCM_SHA256"]
    expected.http.http2.disabled = true
    expected.fastcgi.address = .tcp(host: "127.0.0.1", port: 9000)
    expected.fastcgi.mode = 0o600
    expected.fastcgi.owner = "berth"
    expected.fastcgi.group = "www-data"
    expected.fastcgi.workers = 4
    expected.fastcgi.threads = 8
    expected.fastcgi.maxUploads = 16
    expected.fastcgi.accelPrefix = ""
    expected.fastcgi.resolver = ["10.0.0.2", "[fd00::2]:53"]
    var blobCache = Configuration.BlobCache()
    (blobCache.path, blobCache.size, blobCache.slice) = ("/var/cache/berth", ByteSize(2 << 40), ByteSize(8 << 20))
    expected.fastcgi.blobCache = blobCache
    expected.catalog.maxEntries = 5
    expected.tags.maxTags = 6
    expected.validation.disabled = true
    expected.validation.allowedURLs = [try LinearPattern("^https://")]
    expected.validation.deniedURLs = [try LinearPattern("^http://")]
    expected.validation.sizes = .lenient
    expected.policy.mounts = .off
    expected.validation.platforms = .list
    expected.validation.platformList = [.init(architecture: "amd64", os: "linux")]
    #expect(configuration == expected)

    // What `check` prints reads back as the same, but for the secret and what has no effect.
    #expect(!configuration.yaml.contains("hush"))
    var again = try load(configuration.yaml).configuration
    #expect(again.http.secret.value == "********")
    again.http.secret = "hush"
    again.storage.tagConcurrencyLimit = 8
    #expect(again == expected)
  }

  @Test func `the defaults that are printed read back as the defaults`() throws {
    #expect(try load(Configuration().yaml).configuration == Configuration())
  }

  @Test func `every mistake is reported at once, with its line`() {
    let found = problems(
      """
      version: 0.2
      storage:
        filesystem:
          rootDirectory: /data
          maxthreads: 3
        delete: {enabled: "true"}
      http:
        adr: :5000
      """)
    #expect(
      found.map(\.description) == [
        "config.yml:1: error: version: this is not 0.1, the only version that there is (correct the value)",
        "config.yml:4: warning: storage.filesystem.rootDirectory: the key is unknown and has no effect "
          + "(did you mean rootdirectory?)",
        "config.yml:5: warning: storage.filesystem.maxthreads: 3 is too few: 25 is used (give at least 25)",
        "config.yml:6: error: storage.delete.enabled: this is not true or false, without quotes (correct the value)",
        "config.yml:8: warning: http.adr: the key is unknown and has no effect (did you mean addr?)",
      ])
  }

  @Test(arguments: [
    ("", "version"),
    ("storage: filesystem", "version"),
    ("version: 0.1", "storage"),
    ("version: 0.1\nstorage: {}", "storage"),
    ("version: 0.1\nstorage: {delete: {enabled: true}}", "storage"),
    ("version: 0.1\nstorage: {filesystem: {}, inmemory: {}}", "storage.inmemory"),
    ("version: 0.1\nstorage: floppy", "storage.floppy"),
    ("version: 0.1\nstorage: {s3: {region: r}}", "storage.s3.bucket"),
    ("version: 0.1\nstorage: {s3aws: {bucket: b, region: r, accesskey: a}}", "storage.s3aws.secretkey"),
    ("version: 0.1\nstorage: {s3: {bucket: b}}", "storage.s3.region"),
    ("version: 0.1\nstorage: {azure: {accountname: a}}", "storage.azure.container"),
    ("version: 0.1\nstorage: {rados: {}}", "storage.rados.poolname"),
    ("version: 0.1\nstorage: {filesystem: {rootdirectory: data}}", "storage.filesystem.rootdirectory"),
    ("version: 0.1\nstorage: {filesystem: {maxthreads: many}}", "storage.filesystem.maxthreads"),
    ("version: 0.1\nstorage: [filesystem]", "storage"),
    (minimal + "loglevel: loud", "loglevel"),
    (minimal + "http: {addr: 5000}", "http.addr"),
    (minimal + "http: {addr: \":http\"}", "http.addr"),
    (minimal + "http: {addr: \":70000\"}", "http.addr"),
    (minimal + "http: {addr: \":0\"}", "http.addr"),
    (minimal + "http: {addr: /run/x.sock}", "http.addr"),
    (minimal + "http: {net: unix, addr: \":5000\"}", "http.addr"),
    (minimal + "http: {net: udp}", "http.net"),
    (minimal + "http: {host: registry.example.com}", "http.host"),
    (minimal + "http: {host: \"https://example.com/registry\"}", "http.host"),
    (minimal + "http: {host: \"ftp://example.com\"}", "http.host"),
    (minimal + "http: {host: \"https://\"}", "http.host"),
    (minimal + "http: {prefix: /a//b/}", "http.prefix"),
    (minimal + "http: {prefix: /a/../b/}", "http.prefix"),
    (minimal + "http: {prefix: \"/a b/\"}", "http.prefix"),
    (minimal + "http: {draintimeout: 1 minute}", "http.draintimeout"),
    (minimal + "http: {draintimeout: -5s}", "http.draintimeout"),
    (minimal + "http: {headers: {\"X Y\": [a]}}", "http.headers"),
    (minimal + "http: {headers: {X-Y: [\"a\\r\\nSet-Cookie: b\"]}}", "http.headers"),
    (minimal + "http: {headers: {X-Y: {a: b}}}", "http.headers"),
    (minimal + "http: {tls: {certificate: /cert.pem}}", "http.tls.key"),
    (minimal + "http: {tls: {certificate: cert.pem, key: /key.pem}}", "http.tls.certificate"),
    (minimal + "http: {tls: {minimumtls: ssl3}}", "http.tls.minimumtls"),
    (minimal + "http: {tls: {ciphersuites: [ROT13]}}", "http.tls.ciphersuites"),
    (minimal + "fastcgi: {address: nowhere}", "fastcgi.address"),
    (minimal + "fastcgi: {address: \":9000\"}", "fastcgi.address"),
    (minimal + "fastcgi: {address: /" + String(repeating: "x", count: 107) + "}", "fastcgi.address"),
    (minimal + "fastcgi: {upstreams: [\":9000\"]}", "fastcgi.upstreams"),
    (minimal + "fastcgi: {upstreams: [\"10.0.0.1:9000\", nowhere]}", "fastcgi.upstreams"),
    (minimal + "http: {trustedproxies: [registry.test]}", "http.trustedproxies"),
    (minimal + "http: {trustedproxies: [10.0.0.0/33]}", "http.trustedproxies"),
    (minimal + "http: {trustedproxies: 10.0.0.1}", "http.trustedproxies"),
    (minimal + "fastcgi: {mode: 660}", "fastcgi.mode"),
    (minimal + "fastcgi: {workers: 0}", "fastcgi.workers"),
    (minimal + "fastcgi: {workers: 99999999999999999999}", "fastcgi.workers"),
    (minimal + "fastcgi: {threads: 0}", "fastcgi.threads"),
    (minimal + "fastcgi: {maxuploads: -1}", "fastcgi.maxuploads"),
    (minimal + "fastcgi: {accelprefix: /x/}", "fastcgi.accelprefix"),
    (minimal + "fastcgi: {accelprefix: \"/x; root /\"}", "fastcgi.accelprefix"),
    (minimal + "fastcgi: {resolver: [\"10.0.0.2; x\"]}", "fastcgi.resolver"),
    (minimal + "fastcgi: {blobcache: {path: cache}}", "fastcgi.blobcache.path"),
    (minimal + "fastcgi: {blobcache: {size: 1g}}", "fastcgi.blobcache.path"),
    (minimal + "fastcgi: {blobcache: {path: /c, size: much}}", "fastcgi.blobcache.size"),
    (minimal + "fastcgi: {blobcache: {path: /c, size: 99999999t}}", "fastcgi.blobcache.size"),
    (minimal + "fastcgi: {blobcache: {path: /c, size: 1m}}", "fastcgi.blobcache.size"),
    (minimal + "fastcgi: {blobcache: {path: /c, slice: 1k}}", "fastcgi.blobcache.slice"),
    ("version: 0.1\nstorage: inmemory\nfastcgi: {workers: 2}", "fastcgi"),
    (minimal + "tags: {maxtags: -1}", "tags.maxtags"),
    (minimal + "validation: {manifests: {urls: {allow: [\"(\"]}}}", "validation.manifests.urls.allow"),
    (minimal + "validation: {manifests: {urls: {deny: [a, \"(?=b)\"]}}}", "validation.manifests.urls.deny"),
    (minimal + "policy: {repository: {mounts: none}}", "policy.repository.mounts"),
    (minimal + "validation: {manifests: {sizes: any}}", "validation.manifests.sizes"),
    (minimal + "validation: {manifests: {indexes: {platforms: some}}}", "validation.manifests.indexes.platforms"),
    (
      "version: 0.1\nstorage: {filesystem: , maintenance: {uploadpurging: {age: 168}}}",
      "storage.maintenance.uploadpurging.age"
    ),
    (
      "version: 0.1\nstorage: {filesystem: , maintenance: {garbagecollection: {schedule: 24}}}",
      "storage.maintenance.garbagecollection.schedule"
    ),
    (
      "version: 0.1\nstorage: {filesystem: , maintenance: {garbagecollection: {enabled: true, grace: 24}}}",
      "storage.maintenance.garbagecollection.grace"
    ),
    ("version: 0.1\nstorage: {filesystem: , cache: {blobdescriptor: memcached}}", "storage.cache.blobdescriptor"),
    ("version: 0.1\nstorage: {filesystem: , cache: {blobdescriptor: redis}}", "storage"),
    (minimal + "redis: {db: 0}", "redis.addrs"),
    (minimal + "notifications: {endpoints: {name: x}}", "notifications.endpoints"),
    (minimal + "log: [x]", "log"),
  ])
  func `a mistake is refused and its key named`(_ text: String, _ key: String) {
    let errors = problems(text).filter { $0.severity == .error }
    #expect(errors.contains { $0.key == key }, "\(errors)")
    #expect(errors.allSatisfy { !$0.message.isEmpty && !$0.remedy.isEmpty })
  }

  @Test(arguments: [
    ("auth: {htpasswd: {realm: r, path: /p}}", "auth"),
    ("auth: {token: {realm: r, service: s, issuer: i, rootcertbundle: /p}}", "auth"),
    ("auth: silly", "auth"),
    ("auth: {ldap: {}}", "auth.ldap"),
    ("proxy: {remoteurl: \"https://upstream.test\"}", "proxy"),
  ])
  func `what would open or empty the registry if it were ignored is refused`(_ section: String, _ key: String) {
    let errors = problems(minimal + section).filter { $0.severity == .error }
    #expect(errors.map(\.key) == [key])
  }

  @Test(arguments: ["auth: none", "auth:", "auth: {none: {}}", "proxy:", "proxy: {ttl: 0}"])
  func `no auth and no proxy are fine`(_ section: String) {
    #expect(problems(minimal + section).isEmpty)
  }

  @Test(arguments: [
    ("notifications: {endpoints: [{name: a, url: \"http://b\", timeout: 1s}]}", "notifications"),
    ("health: {storagedriver: {enabled: true}, file: [{file: /run/down}]}", "health.file"),
    ("health: {http: [{uri: \"http://a\"}]}", "health.http"),
    ("health: {tcp: [{addr: \"a:1\"}]}", "health.tcp"),
    ("log: {hooks: [{type: mail, options: {smtp: {addr: \"a:25\", password: p}, from: x, to: [y]}}]}", "log.hooks"),
    ("http: {debug: {addr: \":5001\", prometheus: {enabled: true}}}", "http.debug"),
    ("http: {h2c: {enabled: true}}", "http.h2c"),
    ("compatibility: {schema1: {enabled: true}}", "compatibility"),
    ("reporting: {bugsnag: {apikey: x}}", "reporting"),
    ("policy: {repository: {classes: [image]}}", "policy.repository.classes"),
    ("fastcgi: {blobcache: {path: /c}}", "fastcgi"),
  ])
  func `what is read and not acted on is said`(_ section: String, _ key: String) throws {
    #expect(try load(minimal + section).warnings.map(\.key) == [key])
  }

  @Test func `deleting repositories without deleting is said to have no effect`() throws {
    let text = "version: 0.1\nstorage: {filesystem: {}, delete: {repositories: true}}"
    #expect(try load(text).warnings.map(\.key) == ["storage.delete.repositories"])
  }

  @Test(arguments: [("10", 25), ("-1", 25), ("\"100\"", 100), ("\"7\"", 25), ("25", 25)])
  func `maxthreads may be in quotes, and too small a number is raised`(_ written: String, _ used: Int) throws {
    let loaded = try load("version: 0.1\nstorage: {filesystem: {maxthreads: \(written)}}")
    guard case .filesystem(let filesystem) = loaded.configuration.storage.driver else {
      Issue.record("\(loaded.configuration.storage.driver)")
      return
    }
    #expect(filesystem.maxThreads == used)
    let isRaised = used == 25 && written != "25"
    #expect(loaded.warnings.map(\.key) == (isRaised ? ["storage.filesystem.maxthreads"] : []))
  }

  @Test func `nothing is asked of upload purging that is off`() {
    let start = "version: 0.1\nstorage: {filesystem: , maintenance: {uploadpurging: {age: 0, interval: 0, enabled: "
    #expect(problems(start + "false}}}").isEmpty)
    #expect(problems(start + "true}}}").count == 2)
  }

  @Test(arguments: [
    ("fastcgi: {accelprefix: /v2}", "fastcgi.accelprefix"), ("fastcgi: {accelprefix: /v2/x}", "fastcgi.accelprefix"),
    ("http: {prefix: /a/b/}\nfastcgi: {accelprefix: /a}", "fastcgi.accelprefix"),
  ])
  func `what is closed to clients and what is open to them lie apart`(_ text: String, _ key: String) {
    let found = problems(minimal + text)
    #expect(found.map(\.key) == [key])
    let line = 3 + text.filter(\.isNewline).count
    #expect(found.map(\.place) == [.file("config.yml", line: line)] && found.first?.severity == .error)
  }

  @Test(arguments: ["fastcgi: {accelprefix: /v2x}", "http: {prefix: /a/}\nfastcgi: {accelprefix: /v2}"])
  func `locations that only look alike are fine`(_ text: String) {
    #expect(problems(minimal + text).isEmpty)
  }

  @Test func `both forms of redis`() throws {
    let old = try load(
      minimal + """
        redis:
          addr: localhost:6379
          password: hush
          db: 2
          dialtimeout: 10ms
          pool: {maxidle: 16, maxactive: 64, idletimeout: 300s}
        """
    ).configuration.redis
    let new = try load(
      minimal + """
        redis:
          addrs: [localhost:6379]
          password: hush
          db: 2
          dialtimeout: 10ms
          maxidleconns: 16
          poolsize: 64
          connmaxidletime: 300s
        """
    ).configuration.redis
    #expect(old == new)
    #expect(new?.addresses == ["localhost:6379"])
    #expect(new?.poolSize == 64)
  }

  @Test func `the socket of a registry behind a web server is the workers'`() throws {
    let configuration = try load(minimal + "http: {net: unix, addr: /run/registry.sock}").configuration
    #expect(configuration.fastcgi.address == .unix(path: "/run/registry.sock"))
    let both = try load(minimal + "http: {net: unix, addr: /run/a.sock}\nfastcgi: {address: /run/b.sock}").configuration
    #expect(both.fastcgi.address == .unix(path: "/run/b.sock"))
  }

  @Test func `loglevel is an old name that gives way to the new one`() throws {
    #expect(try load(minimal + "loglevel: warn").configuration.log.level == .warn)
    #expect(try load(minimal + "loglevel: warn\nlog: {level: error}").configuration.log.level == .error)
  }

  @Test func `validation.enabled, older than disabled, wins over it`() throws {
    #expect(try !load(minimal + "validation: {enabled: true, disabled: true}").configuration.validation.disabled)
  }

  @Test func `a secret is masked wherever it is printed`() throws {
    let secret: Secret = "hush"
    var dumped = ""
    dump(secret, to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] { #expect(!text.contains("hush")) }
  }

  @Test(arguments: [
    ("https://u:hush@h", "https://********@h"),
    ("'redis://:hu/s@h@h:6379' is none", "'redis://********@h:6379' is none"),
    ("u:hush@h:6379", "********@h:6379"), ("see (https://hush@h/x), a:b", "see (https://********@h/x), a:b"),
    ("https://h/x", "https://h/x"), ("name@sha256:0", "name@sha256:0"), ("a@b", "a@b"), ("/srv/a:b@c", "/srv/a:b@c"),
    ("x@y://z", "x@y://z"), ("https://u:pa'ss@h", "https://********@h"), ("a  b c:d@e ", "a  b ********@e "),
    ("'https://u:it's@h' is none", "'https://********@h' is none"),
  ])
  func `users are masked where an address is printed`(_ text: String, _ masked: String) {
    #expect(text.maskingUsers == masked)
  }

  @Test func `neither a problem nor the result names the user of a URL`() throws {
    let found = problems(minimal + "http: {host: \"https://u:hush@h\"}")
    #expect(found.map(\.key) == ["http.host"] && !"\(found)".contains("hush"))
    let text = "version: 0.1\nstorage: {s3: {bucket: b, regionendpoint: \"https://u:hush@h\"}}"
    let printed = try load(text).configuration.yaml
    #expect(printed.contains("https://********@h") && !printed.contains("hush"))
  }

  @Test(arguments: [
    ("storage.filesystem.rootdirectory", 4), ("middleware.storage[1].options.secret", 8),
    ("middleware.storage[1].options.duration", 7), ("middleware.storage[2].name", 5), ("redis.addrs", 1),
  ])
  func `a problem that is found later has the line of its key, or of what is above it`(
    _ key: String, _ line: Int
  ) throws {
    let loaded = try load(
      """
      version: 0.1
      storage:
        filesystem:
          rootdirectory: /srv
      middleware: {storage: [
        {name: own, disabled: true},
        {name: redirect, options: {baseurl: "https://a.test",
          secret: 0123456789abcdef}}]}
      """, ["REGISTRY_LOG_LEVEL": "debug"])
    let problem = loaded.problem(.error, key, "it is wrong", remedy: "mend it")
    #expect(problem.place == .file("config.yml", line: line) && problem.key == key)
    #expect(loaded.problem(.error, "log.level", "", remedy: "").place == .variable("REGISTRY_LOG_LEVEL"))
    #expect(loaded.isGiven("storage.filesystem.rootdirectory") && !loaded.isGiven("storage.filesystem.maxthreads"))
  }

  @Test func `a file that can't be read is an error that names it`() {
    #expect {
      try Configuration.load(path: "/nonexistent/config.yml", environment: [:])
    } throws: { error in
      "\(error)".contains("/nonexistent/config.yml") && "\(error)".contains("No such file")
    }
    #expect(throws: ConfigurationError.self) { try Configuration.load(path: "/", environment: [:]) }
  }
}

@Suite struct EnvironmentOverrideTests {
  @Test func `a variable overrides its key`() throws {
    let configuration = try load(
      minimal + "http: {secret: file}\nlog: {level: error}",
      [
        "REGISTRY_HTTP_SECRET": "0123", "REGISTRY_LOG_LEVEL": "debug",
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": "/elsewhere", "REGISTRY_STORAGE_DELETE_ENABLED": "true",
        "REGISTRY_LOG_FIELDS": "abc: xyz", "REGISTRY_HTTP_HEADERS_X-Frame-Options": "[DENY]",
        "REGISTRY_VALIDATION_MANIFESTS_URLS_ALLOW": "['^https://']",
      ]
    ).configuration
    #expect(configuration.http.secret == "0123")
    #expect(configuration.log.level == .debug)
    #expect(configuration.log.fields == ["abc": "xyz"])
    #expect(configuration.storage.deleteEnabled)
    #expect(configuration.http.headers[values: try #require(.init("X-Frame-Options"))] == ["DENY"])
    #expect(configuration.validation.allowedURLs.map(\.source) == ["^https://"])
    guard case .filesystem(let filesystem) = configuration.storage.driver else {
      Issue.record("\(configuration.storage.driver)")
      return
    }
    #expect(filesystem.rootDirectory == "/elsewhere")
  }

  @Test func `a scalar over a map erases its keys, and children apply after parents`() throws {
    let text = "version: 0.1\nstorage: {s3: {bucket: b, region: r}, delete: {enabled: true}}"
    let configuration = try load(
      text, ["REGISTRY_STORAGE_FILESYSTEM_MAXTHREADS": "30", "REGISTRY_STORAGE": "filesystem"]
    ).configuration
    var filesystem = Configuration.Filesystem()
    filesystem.maxThreads = 30
    #expect(configuration.storage.driver == .filesystem(filesystem))
    #expect(!configuration.storage.deleteEnabled)
  }

  @Test func `an element of a list is named by its index, and the index after the last appends`() throws {
    let text = minimal + "http: {tls: {clientcas: [/a, /b]}}"
    let replaced = try load(
      text, ["REGISTRY_HTTP_TLS_CLIENTCAS_1": "/c", "REGISTRY_HTTP_TLS_CLIENTCAS_2": "/d"]
    ).configuration
    #expect(replaced.http.tls.clientCAs == ["/a", "/c", "/d"])
    #expect(try load(minimal, ["REGISTRY_HTTP_TLS_CLIENTCAS_0": "/x"]).configuration.http.tls.clientCAs == ["/x"])
    for index in ["3", "-1", "first"] {
      let found = problems(text, ["REGISTRY_HTTP_TLS_CLIENTCAS_\(index)": "/e"])
      #expect(found.map(\.place) == [.variable("REGISTRY_HTTP_TLS_CLIENTCAS_\(index)")])
      #expect(found.map(\.severity) == [.error])
    }
  }

  @Test func `Go's names of a few sections are understood`() throws {
    let configuration = try load(
      minimal,
      [
        "REGISTRY_HEALTH_FILECHECKERS_0_FILE": "/a", "REGISTRY_HEALTH_HTTPCHECKERS": "[{uri: b}]",
        "REGISTRY_HEALTH_TCPCHECKERS": "[{addr: c}]", "REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES": "true",
      ]
    ).configuration
    #expect(configuration.health?.files.map(\.file) == ["/a"])
    #expect(configuration.health?.http.map(\.uri) == ["b"])
    #expect(configuration.health?.tcp.map(\.address) == ["c"])
    #expect(configuration.notifications?.includeReferences == true)
  }

  @Test func `map keys match without case`() throws {
    let configuration = try load(
      minimal + "log: {fields: {Service: a}}", ["REGISTRY_LOG_FIELDS_SERVICE": "b"]
    ).configuration
    #expect(configuration.log.fields == ["Service": "b"])
  }

  @Test func `an empty variable takes the default`() throws {
    #expect(try load(minimal + "http: {secret: x}", ["REGISTRY_HTTP_SECRET": ""]).configuration.http.secret.isEmpty)
  }

  @Test(arguments: ["REGISTRY_CONFIGURATION_PATH", "REGISTRYHTTP", "HTTP_ADDR", "OTEL_TRACES_EXPORTER"])
  func `other variables are none of ours`(_ name: String) throws {
    #expect(try load(minimal, [name: "x"]) == load(minimal))
  }

  @Test(arguments: [
    "REGISTRY_VERSION", "REGISTRY_PORT", "REGISTRY_SERVICE_HOST", "REGISTRY_PORT_5000_TCP", "REGISTRY_HTTP__ADDR",
    "REGISTRY_HTTP_ADDR_X", "REGISTRY_STORAGE_FILESYSTEM_ROOTDIR",
  ])
  func `a variable that overrides nothing is a warning that names it`(_ name: String) throws {
    let loaded = try load(minimal + "http: {addr: \":5000\"}", [name: "0.2"])
    #expect(loaded.warnings.map(\.place) == [.variable(name)])
    #expect(loaded.configuration == Configuration())
  }

  @Test(arguments: [
    ("REGISTRY_HTTP_SECRET", "@hush"), ("REGISTRY_FASTCGI_WORKERS", "many"), ("REGISTRY_STORAGE", "floppy"),
    ("REGISTRY_LOG_HOOKS", "somestring"), ("REGISTRY_HTTP_ADDR", "a: b"), ("REGISTRY_STORAGE_S3_BUCKET", "b"),
  ])
  func `a mistake in a variable names the variable and not a line`(_ name: String, _ value: String) throws {
    let errors = problems("version: 0.1\nstorage: {filesystem: {}}", [name: value]).filter { $0.severity == .error }
    #expect(!errors.isEmpty)
    #expect(errors.allSatisfy { $0.place == .variable(name) }, "\(errors)")
    #expect(errors.allSatisfy { !$0.description.contains("hush") })
  }
}
