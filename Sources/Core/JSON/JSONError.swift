/// Why a JSON text is not what was asked for.
package struct JSONError: Error, CustomStringConvertible {
  /// Where, as `layers[2].size`; empty at the top.
  var field: String
  /// What is wrong there.
  var message: String

  init(_ message: String, field: String = "") {
    self.field = field
    self.message = message
  }

  /// The same, seen from the value that holds it.
  func inside(_ name: String, at index: Int? = nil) -> JSONError {
    let outer = index.map { "\(name)[\($0)]" } ?? name
    return JSONError(message, field: field.isEmpty ? outer : "\(outer).\(field)")
  }

  package var description: String {
    field.isEmpty ? message : "\(field): \(message)"
  }
}
