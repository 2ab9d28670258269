import Glibc
import HTTPTypes

/// What to do: a request in a line, its parts apart by tabs: method, target, the file that holds the body or nothing,
/// then header fields as `name: value`.
struct Script {
  struct Step {
    var method: HTTPRequest.Method
    var target: String
    var fields = HTTPFields()
    var body: [UInt8] = []
  }

  let requests: [Step]

  init(path: String) throws {
    requests = try String(decoding: Script.content(path), as: UTF8.self).split(separator: "\n").map { line in
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard parts.count >= 3, let method = HTTPRequest.Method(parts[0]) else {
        throw CrashSubject.Failure(description: "not a request: \(line)")
      }
      var step = Step(method: method, target: parts[1])
      if !parts[2].isEmpty { step.body = try Script.content(parts[2]) }
      for field in parts.dropFirst(3) {
        guard let colon = field.utf8.firstIndex(of: UInt8(ascii: ":")),
          let name = HTTPField.Name(String(field[..<colon]))
        else { throw CrashSubject.Failure(description: "not a field: \(field)") }
        step.fields[name] = String(field[field.index(colon, offsetBy: 2)...])
      }
      return step
    }
  }

  private static func content(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CrashSubject.Failure(description: "can't open \(path)") }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(descriptor, &block, block.count)
      guard count > 0 else { return content }
      content += block[..<count]
    }
  }
}
