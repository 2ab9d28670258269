import Foundation
import HTTPTypes
import TestSupport
import Testing

/// The tools that people have, against the registry over nginx. They keep images as root does.
@Suite(.enabled(if: geteuid() == 0, "image storage without a kernel driver needs root"))
struct ImageToolTests {
  @Test("skopeo copies, lists, inspects and deletes")
  func skopeo() throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try tools.buildList("list")
    try tools.buildah("manifest", "push", "--quiet", "--all", "list", "oci:\(tools.folder / "layout"):list")
    let name = "127.0.0.1:\(server.port)/\(Deployment.uniqueName("skopeo/list"))"

    try tools.skopeo(
      "copy", "--quiet", "--all", "--dest-tls-verify=false", "oci:\(tools.folder / "layout"):list", "docker://\(name):1"
    )
    try tools.skopeo(
      "copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://\(name):1",
      "docker://\(name)-copy:2")
    try tools.skopeo(
      "copy", "--quiet", "--all", "--src-tls-verify=false", "docker://\(name)-copy:2", "dir:\(tools.folder / "copy")")
    let raw = try tools.skopeo("inspect", "--raw", "--tls-verify=false", "docker://\(name):1")
    let copied = try String(contentsOfFile: tools.folder / "copy/manifest.json", encoding: .utf8)
    #expect(copied.trimmingCharacters(in: .whitespacesAndNewlines) == raw)

    try tools.skopeo(
      "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", "--override-arch=arm64",
      "docker://\(name):1", "docker://\(name):arm64")
    #expect(try tools.skopeo("list-tags", "--tls-verify=false", "docker://\(name)").contains("arm64"))
    #expect(
      try tools.skopeo("inspect", "--tls-verify=false", "--override-arch=arm64", "docker://\(name):arm64")
        .contains("\"Architecture\": \"arm64\""))
    // skopeo deletes by digest, so the list's tag goes and the image's stays.
    try tools.skopeo("delete", "--tls-verify=false", "docker://\(name):1")
    let tags = try tools.skopeo("list-tags", "--tls-verify=false", "docker://\(name)")
    #expect(!tags.contains("\"1\""))
    #expect(tags.contains("arm64"))
  }

  @Test("skopeo pushes docker's own manifests")
  func dockerManifests() throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try tools.build("local/one")
    let name = "docker://127.0.0.1:\(server.port)/\(Deployment.uniqueName("skopeo/docker")):1"
    try tools.buildah("push", "--quiet", "local/one", "oci:\(tools.folder / "layout"):one")
    try tools.skopeo(
      "copy", "--quiet", "--format=v2s2", "--dest-tls-verify=false", "oci:\(tools.folder / "layout"):one", name)
    #expect(
      try tools.skopeo("inspect", "--raw", "--tls-verify=false", name)
        .contains("application/vnd.docker.distribution.manifest.v2+json"))
    try tools.skopeo("copy", "--quiet", "--src-tls-verify=false", name, "dir:\(tools.folder / "pulled")")
  }

  @Test("podman and buildah push an image that the other pulls", arguments: ["podman", "buildah"])
  func image(pusher: String) throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try tools.build("local/one")
    let id = try tools.podman("image", "inspect", "--format={{.Id}}", "local/one")
    let name = "127.0.0.1:\(server.port)/\(Deployment.uniqueName("\(pusher)/one")):1"
    if pusher == "podman" {
      try tools.podman("push", "--quiet", "--tls-verify=false", "local/one", "docker://\(name)")
    } else {
      try tools.buildah("push", "--quiet", "--tls-verify=false", "local/one", "docker://\(name)")
    }
    try tools.removeImages()
    let pulled =
      pusher == "podman"
      ? try tools.buildah("pull", "--quiet", "--tls-verify=false", name)
      : try tools.podman("pull", "--quiet", "--tls-verify=false", name)
    #expect(pulled == id)
  }

  @Test("podman and buildah push and pull an index of two platforms", arguments: ["podman", "buildah"])
  func index(pusher: String) throws {
    let server = try RegistryServer.shared.get()
    let tools = try ImageTools()
    try tools.buildList("list")
    let name = "127.0.0.1:\(server.port)/\(Deployment.uniqueName("\(pusher)/list")):1"
    if pusher == "podman" {
      try tools.podman("manifest", "push", "--quiet", "--all", "--tls-verify=false", "list", "docker://\(name)")
    } else {
      try tools.buildah("manifest", "push", "--quiet", "--all", "--tls-verify=false", "list", "docker://\(name)")
    }
    try tools.removeImages()
    for architecture in ["arm64", "amd64"] {
      if pusher == "podman" {
        try tools.buildah("pull", "--quiet", "--tls-verify=false", "--arch", architecture, name)
      } else {
        try tools.podman("pull", "--quiet", "--tls-verify=false", "--arch", architecture, name)
      }
      #expect(try tools.podman("image", "inspect", "--format={{.Architecture}}", name) == architecture)
      try tools.removeImages()
    }
  }

  @Test("a layer of 1 GiB is pushed by buildah, pulled by podman, and the same")
  func largeLayer() throws {
    let server = try RegistryServer(options: DeploymentOptions())
    let tools = try ImageTools()
    let file = tools.folder / "large"
    _ = try ChildProcess.output(["/bin/dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=1024", "status=none"])
    try tools.build("local/large", file: file)
    let name = "127.0.0.1:\(server.port)/buildah/large:1"
    // Without compression, which takes long and leaves random bytes as many as they were.
    try tools.buildah(
      "push", "--quiet", "--disable-compression", "--tls-verify=false", "local/large", "docker://\(name)")
    try tools.removeImages()
    try tools.podman("pull", "--quiet", "--tls-verify=false", name)
    let mounted = try tools.podman("image", "mount", name)
    _ = try ChildProcess.output(["/usr/bin/cmp", file, mounted + "/content"])
    // The registry has the layer already: podman mounts it from the other repository.
    try tools.podman("push", "--quiet", "--tls-verify=false", name, "docker://127.0.0.1:\(server.port)/podman/large:1")
    try tools.podman("image", "umount", "--all")
    try tools.removeImages()
  }

  @Test("eight images are pushed side by side")
  func sideBySide() async throws {
    let server = try RegistryServer.shared.get()
    let repository = Deployment.uniqueName("side/by-side")
    let tools = try (0..<8).map { _ in try ImageTools() }
    try await Clients.run(count: 8) { index in
      // A file of its own besides the layer that all have, so that some blobs are pushed by all at once.
      let own = tools[index].folder / "own"
      try "image \(index)".write(toFile: own, atomically: true, encoding: .utf8)
      try tools[index].build("local/shared")
      let container = try tools[index].buildah("from", "local/shared")
      try tools[index].buildah("copy", "--quiet", container, own, "/own")
      try tools[index].buildah("commit", "--quiet", container, "local/own")
      try tools[index].buildah(
        "push", "--quiet", "--tls-verify=false", "local/own", "docker://127.0.0.1:\(server.port)/\(repository):\(index)"
      )
    }
    let tags = try await Census.list(WireClient(port: server.port), "/v2/\(repository)/tags/list", "tags")
    #expect(tags == (0..<8).map(String.init))
    for index in 0..<8 {
      try tools[index].removeImages()
      try tools[index].podman(
        "pull", "--quiet", "--tls-verify=false", "127.0.0.1:\(server.port)/\(repository):\(index)")
    }
  }
}
