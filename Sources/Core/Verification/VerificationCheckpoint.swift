/// The position of a verification, so that the next run can continue an interrupted one.
struct VerificationCheckpoint: Equatable {
  /// The directory of the last content, or the last repository, that was done with.
  var position: StoragePath
  /// The findings so far.
  var tally: VerificationTally

  private static let path = StorageLayout.maintenance / "verify.checkpoint"

  /// The one that is kept; nil where there is none that can be read.
  static func load(_ driver: any StorageDriver) async throws(StorageError) -> VerificationCheckpoint? {
    try await driver.state(at: path, limit: 16 << 10).flatMap { VerificationCheckpoint(json: $0) }
  }

  func store(_ driver: any StorageDriver) async throws(StorageError) {
    try await driver.putState(json, at: VerificationCheckpoint.path)
  }

  static func remove(_ driver: any StorageDriver) async throws(StorageError) {
    do {
      try await driver.delete(path, durability: .process)
    } catch  where error.code == .notFound {
    }
  }

  /// From its two parts.
  init(position: StoragePath, tally: VerificationTally) {
    self.position = position
    self.tally = tally
  }

  var json: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.string("position", position.string)
      json.object("tally") { json in tally.write(to: &json) }
    }
    return json.bytes
  }

  init?(json: [UInt8]) {
    var position: StoragePath?
    var tally = VerificationTally()
    do {
      var reader = JSONReader(json)
      try reader.enterObject()
      while let key = try reader.nextMember() {
        switch key {
        case "position": position = StoragePath(try reader.string())
        case "tally":
          try reader.enterObject()
          while let name = try reader.nextMember() {
            let number = try reader.count()
            if let field = VerificationTally.fields.first(where: { $0.name == name }) {
              tally[keyPath: field.path] = number
            }
          }
        default: try reader.skip()
        }
      }
      try reader.end()
    } catch {
      return nil
    }
    guard let position else { return nil }
    self.init(position: position, tally: tally)
  }
}
