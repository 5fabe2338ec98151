import SluiceLanguage
import Testing

@Suite("Golden files")
struct GoldenTests {
  @Test(
    "a tree is what the text says, with the place of every value",
    arguments: Golden.inputs(in: "tree")
  )
  func tree(_ golden: Golden) throws {
    let bundle = Bundle(files: [(golden.name, try golden.bytes())])
    var findings = Findings()
    let document = YAMLReader.read(SourceID(index: 0), of: bundle, &findings)
    let printed = TreePrinter(bundle: bundle).print(document)
    try golden.compare(printed + findings.rendered(as: .short, of: bundle))
  }

  @Test(
    "a finding says what is wrong, where, and what to type",
    arguments: Golden.inputs(in: "findings")
  )
  func findings(_ golden: Golden) throws {
    let bundle = Bundle(files: [("policies/" + golden.name, try golden.bytes())])
    var findings = Findings()
    _ = YAMLReader.read(SourceID(index: 0), of: bundle, &findings)
    try golden.compare(findings.rendered(as: .human, of: bundle))
  }
}
