import CYAML

/// What libyaml's parser reports, one step at a time. Owns the parser.
struct YAMLEventStream: ~Copyable {
  enum Event {
    case scalar(YAMLScalar, anchor: String?)
    case sequenceStart(anchor: String?)
    case mappingStart(anchor: String?)
    case collectionEnd
    case alias(String)
    case documentEnd
    case streamEnd
    /// Starts of the stream and of a document: nothing to build.
    case other
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  /// libyaml reads from here until the parser is deleted; it neither copies nor frees it.
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// Throws where there is no memory for a parser.
  init(_ bytes: [UInt8]) throws(YAMLError) {
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw YAMLError(origin: .position(line: 1, column: 1), message: "there is no memory to parse it")
    }
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(fromContentsOf: bytes)
    yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  /// The next event, with the place where it starts. Throws what libyaml says of bytes that are no YAML.
  mutating func next() throws(YAMLError) -> (event: Event, origin: YAMLNode.Origin) {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { yaml_event_delete(&event) }
    return (Self.translate(event), Self.origin(event.start_mark))
  }

  private func failure() -> YAMLError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it can't be parsed"
    let context = parser.pointee.context.map { " (\(String(cString: $0)))" } ?? ""
    // A byte that is no text is reported before there is a position.
    let isReaderError = parser.pointee.error == YAML_READER_ERROR
    let mark = isReaderError ? parser.pointee.mark : parser.pointee.problem_mark
    return YAMLError(origin: Self.origin(mark), message: problem + context)
  }

  private static func translate(_ event: yaml_event_t) -> Event {
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && string(scalar.tag) != YAML_STR_TAG
      return .scalar(
        YAMLScalar(text: String(decoding: bytes, as: UTF8.self), isString: !isPlain), anchor: string(scalar.anchor))
    case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: string(event.data.sequence_start.anchor))
    case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: string(event.data.mapping_start.anchor))
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .collectionEnd
    case YAML_ALIAS_EVENT: return .alias(string(event.data.alias.anchor) ?? "")
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_STREAM_END_EVENT: return .streamEnd
    default: return .other
    }
  }

  private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    text.map { String(cString: $0) }
  }

  private static func origin(_ mark: yaml_mark_t) -> YAMLNode.Origin {
    .position(line: mark.line + 1, column: mark.column + 1)
  }
}
