import Foundation
import TestSupport

/// skopeo, podman and buildah with their image storage, caches and settings in a folder of a test's own.
final class ImageTools: Sendable {
  let folder: TemporaryFolder
  private let environment: [String: String]

  init() throws {
    folder = try TemporaryFolder()
    for name in ["home", "run", "tmp"] {
      try FileManager.default.createDirectory(atPath: folder / name, withIntermediateDirectories: false)
    }
    environment = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME": folder / "home", "XDG_RUNTIME_DIR": folder / "run", "TMPDIR": folder / "tmp",
    ]
  }

  @discardableResult
  func skopeo(_ arguments: String...) async throws -> String {
    try await run(["/usr/bin/skopeo"] + arguments)
  }

  @discardableResult
  func podman(_ arguments: String...) async throws -> String {
    try await run(["/usr/bin/podman"] + storage + arguments)
  }

  @discardableResult
  func buildah(_ arguments: String...) async throws -> String {
    try await run(["/usr/bin/buildah"] + storage + arguments)
  }

  /// Makes a local image `FROM scratch` that holds one file.
  func build(_ name: String, file: String = "/bin/busybox", architecture: String = "amd64") async throws {
    let container = try await buildah("from", "scratch")
    try await buildah("copy", "--quiet", container, file, "/content")
    try await buildah("config", "--os", "linux", "--arch", architecture, "--entrypoint", "[\"/content\"]", container)
    try await buildah("commit", "--quiet", container, name)
    try await buildah("rm", container)
  }

  /// Makes a local list of images for two architectures.
  func buildList(_ name: String) async throws {
    try await buildah("manifest", "create", name)
    for architecture in ["amd64", "arm64"] {
      try await build("local/\(name)-\(architecture)", architecture: architecture)
      try await buildah("manifest", "add", name, "local/\(name)-\(architecture)")
    }
  }

  /// Forgets all local images.
  func removeImages() async throws {
    try await podman("rmi", "--all", "--force")
  }

  private var storage: [String] {
    ["--root", folder / "storage", "--runroot", folder / "runroot", "--storage-driver", "vfs"]
  }

  private func run(_ command: [String]) async throws -> String {
    let environment = environment
    return try await Threads.run {
      try ChildProcess.output(command, environment: environment).trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }
}
