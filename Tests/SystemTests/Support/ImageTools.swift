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
  func skopeo(_ arguments: String...) throws -> String {
    try run(["/usr/bin/skopeo"] + arguments)
  }

  @discardableResult
  func podman(_ arguments: String...) throws -> String {
    try run(["/usr/bin/podman"] + storage + arguments)
  }

  @discardableResult
  func buildah(_ arguments: String...) throws -> String {
    try run(["/usr/bin/buildah"] + storage + arguments)
  }

  /// Makes a local image `FROM scratch` that holds one file.
  func build(_ name: String, file: String = "/bin/busybox", architecture: String = "amd64") throws {
    let container = try buildah("from", "scratch")
    try buildah("copy", "--quiet", container, file, "/content")
    try buildah("config", "--os", "linux", "--arch", architecture, "--entrypoint", "[\"/content\"]", container)
    try buildah("commit", "--quiet", container, name)
    try buildah("rm", container)
  }

  /// Makes a local list of images for two architectures.
  func buildList(_ name: String) throws {
    try buildah("manifest", "create", name)
    for architecture in ["amd64", "arm64"] {
      try build("local/\(name)-\(architecture)", architecture: architecture)
      try buildah("manifest", "add", name, "local/\(name)-\(architecture)")
    }
  }

  /// Forgets all local images.
  func removeImages() throws {
    try podman("rmi", "--all", "--force")
  }

  private var storage: [String] {
    ["--root", folder / "storage", "--runroot", folder / "runroot", "--storage-driver", "vfs"]
  }

  private func run(_ command: [String]) throws -> String {
    try ChildProcess.output(command, environment: environment).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
