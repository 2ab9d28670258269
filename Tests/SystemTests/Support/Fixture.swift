import Foundation
import TestSupport

/// A storage directory that a version of docker/distribution wrote, unpacked anew for each test.
struct Fixture {
  let folder: TemporaryFolder

  init(version: String) throws {
    folder = try TemporaryFolder()
    let archive = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/registry-\(version).tar.gz").path
    _ = try ChildProcess.output(["/bin/tar", "--extract", "--gzip", "--file", archive, "--directory", folder.path])
  }

  var rootDirectory: String { folder.path }
}
