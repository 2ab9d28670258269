import Foundation
import HTTPTypes
import TestSupport
import Testing

/// The tools that people have, against the registry over nginx. They keep images as root does.
@Suite(.ownThread, .serialized, .enabled(if: geteuid() == 0, "image storage without a kernel driver needs root"))
struct ImageToolTests {
  @Test("skopeo copies, lists, inspects and deletes")
  func skopeo() async throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try await tools.buildList("list")
    try await tools.buildah("manifest", "push", "--quiet", "--all", "list", "oci:\(tools.folder / "layout"):list")
    let name = "127.0.0.1:\(server.port)/\(Deployment.uniqueName("skopeo/list"))"

    try await tools.skopeo(
      "copy", "--quiet", "--all", "--dest-tls-verify=false", "oci:\(tools.folder / "layout"):list", "docker://\(name):1"
    )
    try await tools.skopeo(
      "copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://\(name):1",
      "docker://\(name)-copy:2")
    try await tools.skopeo(
      "copy", "--quiet", "--all", "--src-tls-verify=false", "docker://\(name)-copy:2", "dir:\(tools.folder / "copy")")
    let raw = try await tools.skopeo("inspect", "--raw", "--tls-verify=false", "docker://\(name):1")
    let copied = try String(contentsOfFile: tools.folder / "copy/manifest.json", encoding: .utf8)
    #expect(copied.trimmingCharacters(in: .whitespacesAndNewlines) == raw)

    try await tools.skopeo(
      "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", "--override-arch=arm64",
      "docker://\(name):1", "docker://\(name):arm64")
    #expect(try await tools.skopeo("list-tags", "--tls-verify=false", "docker://\(name)").contains("arm64"))
    #expect(
      try await tools.skopeo("inspect", "--tls-verify=false", "--override-arch=arm64", "docker://\(name):arm64")
        .contains("\"Architecture\": \"arm64\""))
    // skopeo deletes by digest, so the list's tag goes and the image's stays.
    try await tools.skopeo("delete", "--tls-verify=false", "docker://\(name):1")
    let tags = try await tools.skopeo("list-tags", "--tls-verify=false", "docker://\(name)")
    #expect(!tags.contains("\"1\""))
    #expect(tags.contains("arm64"))
  }

  @Test("skopeo pushes docker's own manifests")
  func dockerManifests() async throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try await tools.build("local/one")
    let name = "docker://127.0.0.1:\(server.port)/\(Deployment.uniqueName("skopeo/docker")):1"
    try await tools.buildah("push", "--quiet", "local/one", "oci:\(tools.folder / "layout"):one")
    try await tools.skopeo(
      "copy", "--quiet", "--format=v2s2", "--dest-tls-verify=false", "oci:\(tools.folder / "layout"):one", name)
    #expect(
      try await tools.skopeo("inspect", "--raw", "--tls-verify=false", name)
        .contains("application/vnd.docker.distribution.manifest.v2+json"))
    try await tools.skopeo("copy", "--quiet", "--src-tls-verify=false", name, "dir:\(tools.folder / "pulled")")
  }

  @Test("podman and buildah push an image that the other pulls", arguments: ["podman", "buildah"])
  func image(pusher: String) async throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try await tools.build("local/one")
    let id = try await tools.podman("image", "inspect", "--format={{.Id}}", "local/one")
    let name = "127.0.0.1:\(server.port)/\(Deployment.uniqueName("\(pusher)/one")):1"
    if pusher == "podman" {
      try await tools.podman("push", "--quiet", "--tls-verify=false", "local/one", "docker://\(name)")
    } else {
      try await tools.buildah("push", "--quiet", "--tls-verify=false", "local/one", "docker://\(name)")
    }
    try await tools.removeImages()
    let pulled =
      pusher == "podman"
      ? try await tools.buildah("pull", "--quiet", "--tls-verify=false", name)
      : try await tools.podman("pull", "--quiet", "--tls-verify=false", name)
    #expect(pulled == id)
  }

  @Test("podman and buildah push and pull an index of two platforms", arguments: ["podman", "buildah"])
  func index(pusher: String) async throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try await tools.buildList("list")
    let name = "127.0.0.1:\(server.port)/\(Deployment.uniqueName("\(pusher)/list")):1"
    if pusher == "podman" {
      try await tools.podman("manifest", "push", "--quiet", "--all", "--tls-verify=false", "list", "docker://\(name)")
    } else {
      try await tools.buildah("manifest", "push", "--quiet", "--all", "--tls-verify=false", "list", "docker://\(name)")
    }
    try await tools.removeImages()
    for architecture in ["arm64", "amd64"] {
      if pusher == "podman" {
        try await tools.buildah("pull", "--quiet", "--tls-verify=false", "--arch", architecture, name)
      } else {
        try await tools.podman("pull", "--quiet", "--tls-verify=false", "--arch", architecture, name)
      }
      #expect(try await tools.podman("image", "inspect", "--format={{.Architecture}}", name) == architecture)
      try await tools.removeImages()
    }
  }

  @Test("a layer of 1 GiB is pushed by buildah, pulled by podman, and the same")
  func largeLayer() async throws {
    let server = try RegistryServer(options: DeploymentOptions())
    let tools = try ImageTools()
    let file = tools.folder / "large"
    try await Self.command(["/bin/dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=1024", "status=none"])
    try await tools.build("local/large", file: file)
    let name = "127.0.0.1:\(server.port)/buildah/large:1"
    // Without compression, which takes long and leaves random bytes as many as they were.
    try await tools.buildah(
      "push", "--quiet", "--disable-compression", "--tls-verify=false", "local/large", "docker://\(name)")
    try await tools.removeImages()
    try await tools.podman("pull", "--quiet", "--tls-verify=false", name)
    let mounted = try await tools.podman("image", "mount", name)
    try await Self.command(["/usr/bin/cmp", file, mounted + "/content"])
    // The registry has the layer already: podman mounts it from the other repository.
    try await tools.podman(
      "push", "--quiet", "--tls-verify=false", name, "docker://127.0.0.1:\(server.port)/podman/large:1")
    try await tools.podman("image", "umount", "--all")
    try await tools.removeImages()
  }

  @Test("eight images are pushed side by side")
  func sideBySide() async throws {
    let server = try RegistryServer.shared.get()
    let repository = Deployment.uniqueName("side/by-side")
    let tools = try (0..<8).map { _ in try ImageTools() }
    try await withThrowingTaskGroup { group in
      for index in 0..<8 {
        group.addTask {
          try await Self.pushOwn(
            tools[index], to: "127.0.0.1:\(server.port)/\(repository):\(index)", content: "\(index)")
        }
      }
      try await group.waitForAll()
    }
    let tags = try RegistrySnapshot.list(WireClient(port: server.port), "/v2/\(repository)/tags/list", "tags")
    #expect(tags == (0..<8).map(String.init))
    for index in 0..<8 {
      try await tools[index].removeImages()
      try await tools[index].podman(
        "pull", "--quiet", "--tls-verify=false", "127.0.0.1:\(server.port)/\(repository):\(index)")
    }
  }

  /// Pushes an image of a layer that all have, so that it is pushed by all at once, and one of its own.
  private static func pushOwn(_ tools: ImageTools, to name: String, content: String) async throws {
    let own = tools.folder / "own"
    try content.write(toFile: own, atomically: true, encoding: .utf8)
    try await tools.build("local/shared")
    let container = try await tools.buildah("from", "local/shared")
    try await tools.buildah("copy", "--quiet", container, own, "/own")
    try await tools.buildah("commit", "--quiet", container, "local/own")
    try await tools.buildah("push", "--quiet", "--tls-verify=false", "local/own", "docker://\(name)")
  }

  private static func command(_ command: [String]) async throws {
    _ = try await Threads.run { try ChildProcess.output(command) }
  }
}
