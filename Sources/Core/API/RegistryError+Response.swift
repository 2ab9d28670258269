import HTTPTypes

extension RegistryError {
  /// The longest body, in bytes.
  static let maximumBodySize = 64 << 10

  /// The answer: the OCI error form (distribution spec, "Error Codes"). Where there is no room for all entries, the
  /// last one counts the others.
  public var response: Response {
    var json = JSONWriter()
    json.object { json in
      json.array("errors") { json in
        var written = 0
        let all = entries.count + omitted
        for entry in entries.prefix(all > RegistryError.maximumEntries ? RegistryError.maximumEntries - 1 : all) {
          let text = entry.json
          guard json.bytes.count + text.count <= RegistryError.maximumBodySize - RegistryError.reserve else { break }
          json.raw(nil, text)
          written += 1
        }
        if written < all { json.raw(nil, Entry(entries[0].code, "and \(all - written) more").json) }
      }
    }
    var fields = self.fields
    fields.append(HTTPField(name: .contentType, value: "application/json"))
    return Response(status, fields: fields, body: .bytes(json.bytes))
  }

  /// Bytes for the entry that counts the others, and for what closes the body.
  private static let reserve = 256
}

extension RegistryError.Entry {
  fileprivate var json: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.string("code", code.name)
      json.string("message", message)
      if !detail.isEmpty {
        json.object("detail") { json in
          for (key, value) in detail.sorted(by: { $0.key < $1.key }) { json.string(key, value) }
        }
      }
    }
    return json.bytes
  }
}
