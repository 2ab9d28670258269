import Testing

@testable import Core

@Suite struct DirectoryChildrenTests {
  @Test func `has children in the order of the names that come of them`() {
    let children = DirectoryChildren(["a0", "a", "_layers", "a-b", ".hidden", "Upper", "a.b"])
    #expect(children.hasLayers && !children.hasManifests)
    #expect(
      children.steps.map(\.name) == ["a", "a-b", "a-b/", "a.b", "a.b/", "a/", "a0", "a0/"])
  }
}
