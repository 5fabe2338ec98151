import FoundationEssentials
import SluiceCore
import SluiceLanguage
import Testing

@Suite("Whole policies")
struct WholePolicyTests {
  @Test("the bundles of this repository have no finding", arguments: ["quickstart", "launch"])
  func bundles(name: String) {
    let path = Repository.root.appending(component: "policies").appending(component: name).path
    let (bundle, findings) = BundleReader.load(paths: [path])
    let checked = Language.check(bundle, after: findings)
    #expect(
      checked.findings.isEmpty,
      "\(checked.findings.rendered(as: .human, of: checked.bundle))"
    )
    #expect(checked.policy != nil)
  }

  @Test("the article's policy is served as it stands")
  func article() throws {
    let file = Repository.tests.appending(component: "Golden").appending(component: "policy")
      .appending(component: "article.yaml")
    let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    let checked = Language.check(Bundle(texts: [("article.yaml", text)]))
    #expect(checked.policy != nil)
    try Golden.compare(
      checked.findings.rendered(as: .short, of: checked.bundle),
      with: file.deletingPathExtension().appendingPathExtension("txt")
    )
  }

  @Test("twenty mistakes over three files are twenty findings in one run")
  func twenty() throws {
    let folder = Repository.tests.appending(component: "Golden").appending(component: "twenty")
    let names = ["models.yaml", "products.yaml", "routes.yaml"]
    let files = try names.map { name in
      (name, Array(try Data(contentsOf: folder.appending(component: name))))
    }
    let checked = Language.check(Bundle(files: files))
    #expect(checked.policy == nil)
    #expect(checked.findings.shown.count == 20)
    // Each line that is wrong says so, with the code it earns.
    var marked: Set<String> = []
    for (name, bytes) in files {
      let lines = String(decoding: bytes, as: UTF8.self)
        .split(
          separator: "\n",
          omittingEmptySubsequences: false
        )
      for (index, line) in lines.enumerated() {
        guard let hash = line.lastIndex(of: "#"), line[hash...].hasPrefix("# SL") else { continue }
        marked.insert("\(name):\(index + 1) \(line[hash...].dropFirst(2).prefix(6))")
      }
    }
    let found = checked.findings.shown.map { finding in
      let place = checked.bundle.place(of: finding.span)
      return "\(place.file):\(place.line) \(finding.code.id)"
    }
    #expect(Set(found) == marked)
    try Golden.compare(
      checked.findings.rendered(as: .human, of: checked.bundle),
      with: folder.appending(component: "findings.txt")
    )
  }

  @Test(
    "a mistake in a policy is told with its place and what to type",
    arguments: Golden.inputs(in: "bind")
  )
  func bind(_ golden: Golden) throws {
    let bundle = Bundle(files: [(golden.name, try golden.bytes())])
    let checked = Language.check(bundle)
    #expect((checked.policy == nil) == checked.findings.haveErrors)
    try golden.compare(checked.findings.rendered(as: .human, of: checked.bundle))
  }
}
