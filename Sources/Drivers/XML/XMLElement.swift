import CExpat
import NIOCore

/// An XML element as object stores' answers have them: names without their namespace, text, children.
struct XMLElement: Equatable, Sendable {
  var name: String
  var text = ""
  var children: [XMLElement] = []

  /// The first child of that name.
  subscript(_ name: String) -> XMLElement? {
    children.first { $0.name == name }
  }

  /// The first child's text.
  func text(of name: String) -> String? {
    self[name]?.text
  }

  /// All children of that name.
  func all(_ name: String) -> [XMLElement] {
    children.filter { $0.name == name }
  }

  /// Parses a document; nil where it is none, nests deeper than object stores' answers ever do, or declares a type.
  init?(parsing document: ByteBuffer) {
    guard let root = XMLParser().parse(document) else { return nil }
    self = root
  }

  init(name: String) {
    self.name = name
  }
}

/// Owns an expat parser, and what it is building: the pointer that callbacks get is that of this object, which
/// outlives `parse`.
private final class XMLParser {
  private let parser: XML_Parser?
  private var open: [XMLElement] = []
  private var root: XMLElement?
  private static let maximumDepth = 16

  init() {
    parser = XML_ParserCreate(nil)
  }

  deinit {
    if let parser { XML_ParserFree(parser) }
  }

  func parse(_ document: ByteBuffer) -> XMLElement? {
    guard let parser else { return nil }
    XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    XML_SetElementHandler(
      parser, { this, name, _ in XMLParser.from(this)?.begin(name) }, { this, _ in XMLParser.from(this)?.end() })
    XML_SetCharacterDataHandler(parser) { this, text, count in XMLParser.from(this)?.add(text, count) }
    // Stores declare no types; entities are how a small document becomes a huge one.
    XML_SetStartDoctypeDeclHandler(parser) { this, _, _, _, _ in XMLParser.from(this)?.refuse() }
    let status = document.withUnsafeReadableBytes { bytes in
      XML_Parse(parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count), 1)
    }
    return status == XML_STATUS_OK && open.isEmpty ? root : nil
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> XMLParser? {
    pointer.map { Unmanaged<XMLParser>.fromOpaque($0).takeUnretainedValue() }
  }

  private func begin(_ name: UnsafePointer<CChar>?) {
    guard let name, open.count < Self.maximumDepth else { return refuse() }
    let full = String(cString: name)
    open.append(XMLElement(name: full.split(separator: ":").last.map(String.init) ?? full))
  }

  private func end() {
    guard let element = open.popLast() else { return }
    if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
  }

  private func add(_ text: UnsafePointer<CChar>?, _ count: Int32) {
    guard let text, !open.isEmpty else { return }
    let bytes = UnsafeRawBufferPointer(start: text, count: Int(count))
    open[open.count - 1].text += String(decoding: bytes, as: UTF8.self)
  }

  private func refuse() {
    XML_StopParser(parser, 0)
  }
}
