import Foundation

/// A folder that is gone when the test is.
package final class TemporaryFolder: Sendable {
  package let path: String

  /// - Parameter directory: where to make it; nil: where the system has such things.
  package init(in directory: String? = nil) throws {
    path =
      (directory.map { $0 + "/" } ?? NSTemporaryDirectory()) + "berth-test-" + UUID().uuidString.prefix(8).lowercased()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  package static func / (folder: TemporaryFolder, name: String) -> String {
    folder.path + "/" + name
  }
}
