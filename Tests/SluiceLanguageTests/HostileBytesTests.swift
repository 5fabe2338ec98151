import SluiceCore
import SluiceLanguage
import SluiceTestSupport
import Testing

/// The reader is total: each of these would fail by trapping.
@Suite("Hostile bytes")
struct HostileBytesTests {
  /// A bundle that uses all that the reader knows.
  private static let good = """
    sluice: v1
    # größe
    upstreams: { openai: { api: openai, url: "https://é.example", secret: env:KEY } }
    base: &b { ttl: 5m, tags: [a, 'b''c', "d\\n\\u00e9"] }
    products:
      support: *b
      other:
        cache: >-
          folded
          text
        when: |
          a && b
          日本語
    ? x
    : [1, 2, {a, b: }]

    """

  private func survives(_ bytes: [UInt8], isRendered: Bool = true) {
    let bundle = Bundle(files: [("policy.yaml", bytes)])
    var findings = Findings()
    let document = YAMLReader.read(SourceID(index: 0), of: bundle, &findings)
    inspect(document.root, bundle)
    #expect(document.isWhole || findings.haveErrors)
    guard isRendered else { return }
    for format in FindingsFormat.allCases {
      let style = FindingsStyle(hasColor: true, width: 40)
      let printed = findings.rendered(as: format, of: bundle, style: style)
      #expect(printed.isEmpty == (findings.isEmpty && ![.json, .sarif, .junit].contains(format)))
    }
  }

  /// Every span lies in the file, and every scalar maps back into itself.
  private func inspect(_ node: YAMLNode, _ bundle: Bundle) {
    let size = bundle[node.span.source].bytes.count
    if node.span.start < 0 || node.span.end > size { Issue.record("a span leaves the file") }
    switch node.content {
    case .null: break
    case .scalar(let scalar):
      let part = scalar.span(ofUTF8: 0..<scalar.text.utf8.count, in: bundle[node.span.source])
      if part.start < scalar.span.start || part.end > scalar.span.end {
        Issue.record("a part leaves its scalar")
      }
    case .sequence(let items): for item in items { inspect(item, bundle) }
    case .mapping(let mapping): for entry in mapping.entries { inspect(entry.value, bundle) }
    }
  }

  @Test("the bundle itself is read without a finding")
  func good() {
    let bundle = Bundle(texts: [("policy.yaml", Self.good)])
    var findings = Findings()
    _ = YAMLReader.read(bundle, &findings)
    #expect(findings.rendered(as: .short, of: bundle) == "")
  }

  @Test("a bundle cut at any byte is read")
  func truncated() {
    let bytes = Array(Self.good.utf8)
    for length in 0..<bytes.count { survives(Array(bytes[..<length])) }
  }

  @Test(
    "a bundle with any byte changed is read",
    arguments: [0x01, 0x08, 0x20, 0x80, 0xFF] as [UInt8]
  )
  func flipped(mask: UInt8) {
    let bytes = Array(Self.good.utf8)
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= mask
      survives(changed)
    }
  }

  @Test("a bundle with any byte replaced by a sign of YAML is read")
  func replaced() {
    let bytes = Array(Self.good.utf8)
    for sign in "{}[]:,#&*!|>'\"%@`-?\t\n ~<\\".utf8 {
      for index in bytes.indices {
        var changed = bytes
        changed[index] = sign
        survives(changed, isRendered: index % 8 == 0)
      }
    }
  }

  @Test(
    "a file full of mistakes takes no more than its size",
    arguments: ["!x, ", "f(a, ", "*x, ", "a: b: c\n", "\"a\" b: !c\n", "<<: x\n", "- a\n- b: c\n"]
  )
  func full(piece: String) {
    let count = (Bounds.policyFileBytes - 8) / 64 / piece.utf8.count
    survives(Array(("[" + String(repeating: piece, count: count)).utf8))
    survives(Array(String(repeating: piece, count: count).utf8))
    survives(Array(("k: [" + String(repeating: piece, count: count) + "]").utf8))
  }

  @Test("random bytes are read", arguments: 0..<40 as Range<UInt64>)
  func random(seed: UInt64) {
    var random = SplitMix(seed: seed)
    for _ in 0..<50 {
      let length = Int(random.next() % 200)
      survives((0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
  }

  @Test("random signs of YAML are read", arguments: 0..<40 as Range<UInt64>)
  func randomSigns(seed: UInt64) {
    let signs = Array("{}[]:,#&*!|>'\"-? \n\t ab0é\\.".utf8)
    var random = SplitMix(seed: seed)
    for _ in 0..<100 {
      let length = Int(random.next() % 120)
      survives((0..<length).map { _ in signs[Int(random.next() % UInt64(signs.count))] })
    }
  }
}
