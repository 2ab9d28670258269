import Core
import Glibc
import Testing

@testable import FCGIApp

@Suite struct SharedSegmentTests {
  @Test func `who opens it sees the same secret and the same counter`() throws {
    let made = try SharedSegment.make()
    let opened = try #require(try SharedSegment.open(Descriptor(dup(made.descriptor.raw))))
    #expect(opened.secret == made.secret)
    #expect(opened.secret.utf8.count == 64)
    #expect(opened.generation == 0)
    made.advanceGeneration()
    #expect(opened.generation == 1)
    #expect(try SharedSegment.make().secret != made.secret)
    #expect(opened.name == made.name && !made.name.isEmpty)
    #expect(try SharedSegment.make().name != made.name)
    for (index, event) in CacheMeter.Event.allCases.enumerated() { made.count(event, UInt64(index)) }
    made.count(.hits, 5)
    #expect(
      CacheMeter.Event.allCases.map { opened[$0] } == [5] + (1..<CacheMeter.Event.allCases.count).map(UInt64.init))
  }

  @Test func `another file is refused`() throws {
    let other = try Descriptor.memory("other")
    #expect(try SharedSegment.open(other) == nil)
    ftruncate(other.raw, 4096)
    #expect(try SharedSegment.open(other) == nil)
  }
}
