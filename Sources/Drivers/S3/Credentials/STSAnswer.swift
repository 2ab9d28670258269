import Core

/// Answers of the Security Token Service, whose API gives XML.
///
/// Only the text of elements that occur exactly once is read. An answer with anything that needs a full XML parser
/// (comments, CDATA, a document type, two elements of the same name) is refused.
enum STSAnswer {
  /// What an answer to AssumeRoleWithWebIdentity gives; nil where it is none.
  static func credentials(_ body: [UInt8]) -> S3Credentials? {
    guard let credentials = content(of: "Credentials", in: body[...]),
      let accessKey = text(of: "AccessKeyId", in: credentials),
      let secretKey = text(of: "SecretAccessKey", in: credentials),
      let token = text(of: "SessionToken", in: credentials),
      let expiration = text(of: "Expiration", in: credentials).flatMap({ RFC3339.nanoseconds($0) })
    else { return nil }
    return S3Credentials(
      accessKey: accessKey, secretKey: Secret(secretKey), sessionToken: Secret(token), expiration: expiration)
  }

  /// What an error says.
  struct Fault: Equatable, CustomStringConvertible {
    var code: String
    var message: String

    var description: String { message.isEmpty ? code : "\(code): \(message)" }
  }

  /// nil where it says nothing.
  static func fault(_ body: [UInt8]) -> Fault? {
    guard let error = content(of: "Error", in: body[...]), let code = text(of: "Code", in: error) else { return nil }
    return Fault(code: code, message: text(of: "Message", in: error) ?? "")
  }

  private static func content(of element: String, in body: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard body.firstRange(of: Array("<!".utf8)) == nil else { return nil }
    let starts = body.ranges(of: Array("<\(element)>".utf8))
    let ends = body.ranges(of: Array("</\(element)>".utf8))
    guard starts.count == 1, ends.count == 1, starts[0].upperBound <= ends[0].lowerBound else { return nil }
    return body[starts[0].upperBound..<ends[0].lowerBound]
  }

  private static func text(of element: String, in body: ArraySlice<UInt8>) -> String? {
    guard let content = content(of: element, in: body), !content.contains(UInt8(ascii: "<")),
      let text = String(validating: content, as: UTF8.self)
    else { return nil }
    return resolved(text[...].trimmedOfSpace)
  }

  /// The text with XML's predefined entities and character references resolved; nil if it has others.
  private static func resolved(_ text: Substring) -> String? {
    var result = ""
    var rest = text
    while let start = rest.firstIndex(of: "&") {
      guard let end = rest[start...].firstIndex(of: ";"), let character = character(rest[start..<end].dropFirst())
      else { return nil }
      result += rest[..<start]
      result.unicodeScalars.append(character)
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  private static func character(_ reference: Substring) -> Unicode.Scalar? {
    switch reference {
    case "amp": "&"
    case "lt": "<"
    case "gt": ">"
    case "quot": "\""
    case "apos": "'"
    default:
      if reference.hasPrefix("#x") {
        UInt32(reference.dropFirst(2), radix: 16).flatMap { Unicode.Scalar($0) }
      } else if reference.hasPrefix("#") {
        UInt32(reference.dropFirst()).flatMap { Unicode.Scalar($0) }
      } else {
        nil
      }
    }
  }
}
