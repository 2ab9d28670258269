import HTTPTypes

extension RegistryError {
  /// The answer: the OCI error form (distribution spec, "Error Codes").
  public var response: Response {
    var json = JSONWriter()
    json.object { json in
      json.array("errors") { json in
        for entry in entries {
          json.object { json in
            json.string("code", entry.code.name)
            json.string("message", entry.message)
            if !entry.detail.isEmpty {
              json.object("detail") { json in
                for (key, value) in entry.detail.sorted(by: { $0.key < $1.key }) { json.string(key, value) }
              }
            }
          }
        }
      }
    }
    var fields = self.fields
    fields.append(HTTPField(name: .contentType, value: "application/json"))
    return Response(status, fields: fields, body: .bytes(json.bytes))
  }
}
