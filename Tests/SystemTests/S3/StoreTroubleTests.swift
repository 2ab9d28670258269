import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// What a registry makes of a store that says nothing, or can't be reached.
@Suite(.ownThread, .serialized) struct StoreTroubleTests {
  private let proxy: FaultProxy
  private let store: ObjectStore

  init() throws {
    store = try RadosGateway.shared.get().store
    proxy = try FaultProxy(to: store.port)
  }

  private func options() throws -> DeploymentOptions {
    var options = DeploymentOptions()
    options.bucket = try store.configuration()
    options.bucket?.regionEndpoint = proxy.endpoint
    return options
  }

  @Test func `a request whose client has gone does not wait for the store`() async throws {
    defer { proxy.stop() }
    var options = try options()
    (options.workers, options.threads) = (1, 1)
    let server = try RegistryServer(options: options)
    let client = WireClient(port: server.port)
    let image = try await TestImage.push(to: client, repository: "s3/gone", tag: "1", unique: "gone")
    // It never answers again.
    proxy.order(.delay(.seconds(3600)))
    let heard = proxy.count()
    var connection = try? WireClient.Connection(port: server.port)
    try connection?.write(Array("GET /v2/s3/gone/manifests/1 HTTP/1.1\r\nHost: registry.test\r\n\r\n".utf8))
    try Eventually.holds("the store is asked") { proxy.count() > heard }
    connection = nil
    // The worker's one thread is free again, long before the store's time is up.
    #expect(try await client.send(.get, "/v2/").status == 200)
    #expect(proxy.count() == heard + 1)
    proxy.reset()
    #expect(try await client.send(.get, "/v2/s3/gone/manifests/1").body == image.manifest)
  }

  @Test func `a store that hangs is noticed by the checks' own deadline, and when it goes on`() async throws {
    let moto = try MotoServer()
    var options = DeploymentOptions()
    options.bucket = try moto.store.configuration()
    options.extraYAML = "health: {storagedriver: {enabled: true, interval: 1s, threshold: 3}}"
    let server = try RegistryServer(options: options)
    let client = WireClient(port: server.port)
    #expect(kill(moto.processID, SIGSTOP) == 0)
    defer { kill(moto.processID, SIGCONT) }
    _ = try await Eventually.value("answer of 503") {
      try await client.send(.get, "/v2/").status == 503 ? true : nil
    }
    // Not because a call to the store has given up.
    #expect(server.log.contains("until its storage does again (health.storagedriver): it has not answered for "))
    #expect(kill(moto.processID, SIGCONT) == 0)
    _ = try await Eventually.value("answer of 200") {
      try await client.send(.get, "/v2/").status == 200 ? true : nil
    }
    #expect(server.log.contains("the storage answers again"))
  }

  @Test func `a registry whose store can't be reached says so to every request, until it can`() async throws {
    var options = try options()
    options.extraYAML = "health: {storagedriver: {enabled: true, interval: 1s, threshold: 2}}"
    let server = try RegistryServer(options: options)
    let client = WireClient(port: server.port)
    defer { proxy.stop() }
    proxy.order(.slowDown)
    let refused = try await Eventually.value("answer of 503") {
      let answer = try await client.send(.get, "/v2/")
      return answer.status == 503 ? answer : nil
    }
    #expect(refused.text.contains(#""code":"UNAVAILABLE""#))
    #expect(refused.fields[.retryAfter] == "10")
    #expect(refused.fields[.dockerDistributionAPIVersion] == "registry/2.0")
    #expect(server.log.contains("health.storagedriver"))
    proxy.reset()
    _ = try await Eventually.value("answer of 200") {
      try await client.send(.get, "/v2/").status == 200 ? true : nil
    }
    #expect(server.log.contains("the storage answers again"))
  }
}
