import SluiceCore
package import SluiceLanguage

/// How the report of a run of tests is written out.
package enum TestFormat: String, Sendable, CaseIterable { case human, json }

extension TestReport {
  /// The report as text, with a trailing newline.
  package func rendered(
    as format: TestFormat,
    of bundle: Bundle,
    style: FindingsStyle = FindingsStyle()
  ) -> String {
    switch format {
    case .human: human(bundle, style)
    case .json: json(bundle).text(indentation: 0) + "\n"
    }
  }

  // MARK: For people

  private func human(_ bundle: Bundle, _ style: FindingsStyle) -> String {
    let paint = Paint(isOn: style.hasColor)
    var blocks: [String] = []
    for test in cases where !test.hasPassed {
      var text =
        paint("failed", .error) + paint(": \(TerminalText.plain(test.name))", .strong) + "\n"
      for (place, failure) in test.failures.enumerated() {
        text += failure.excerpt(of: bundle, style)
        let next = place + 1 < test.failures.count ? test.failures[place + 1] : nil
        // Several expectations of one request share what happened.
        if next.map({ $0.number != failure.number || $0.trail != failure.trail }) ?? true {
          text += failure.story(paint)
        }
      }
      blocks.append(text)
    }
    if let coverage { blocks.append(coverage.text(paint)) }
    var totals = "\(passed) passed"
    if failed > 0 { totals += ", \(failed) failed" }
    let left = declared - cases.count
    if left > 0 { totals += ", \(left) not run" }
    totals += "; \(requests) request\(requests == 1 ? "" : "s")"
    blocks.append(paint(totals, failed > 0 ? .error : .help) + "\n")
    return blocks.joined(separator: "\n")
  }

  // MARK: For programs

  private func json(_ bundle: Bundle) -> JSONText {
    var members: [(String, JSONText)] = [
      ("version", .number(1)), ("passed", .number(passed)), ("failed", .number(failed)),
      ("requests", .number(requests)),
      (
        "cases",
        .array(
          cases.map { test in
            .object([
              ("name", .string(test.name)), ("place", .string("\(test.place)")),
              ("status", .string(test.hasPassed ? "passed" : "failed")),
              ("failures", .array(test.failures.map { $0.json(bundle) })),
            ])
          }
        )
      ),
    ]
    if let coverage { members.append(("coverage", coverage.json)) }
    return .object(members)
  }

  // MARK: For test reports

  /// JUnit's XML: a suite, and a test a case.
  package func junit(of bundle: Bundle) -> String {
    let counts = "tests=\"\(cases.count)\" failures=\"\(failed)\""
    var text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuites \(counts)>
        <testsuite name="sluice test" \(counts)>

      """
    for test in cases {
      let file = XMLText.escaped(test.place.file)
      let head =
        "    <testcase classname=\"\(file)\" name=\"\(XMLText.escaped(test.name))\" file=\"\(file)\" "
        + "line=\"\(test.place.line)\""
      guard !test.hasPassed else {
        text += head + "/>\n"
        continue
      }
      text += head + ">\n"
      for failure in test.failures {
        let words = failure.excerpt(of: bundle, FindingsStyle()) + failure.story(Paint(isOn: false))
        text +=
          "      <failure type=\"expectation\" message=\"\(XMLText.escaped(failure.message))\">"
        text += "\(XMLText.escaped(words))</failure>\n"
      }
      text += "    </testcase>\n"
    }
    return text + "  </testsuite>\n</testsuites>\n"
  }
}

extension CaseFailure {
  fileprivate func excerpt(of bundle: Bundle, _ style: FindingsStyle) -> String {
    "  \(TerminalText.plain(message))\n"
      + bundle.excerpt(at: span, label: key.isEmpty ? nil : "got `\(got)`", style: style)
  }

  /// What the request passed.
  fileprivate func story(_ paint: Paint) -> String {
    guard number > 0 else { return "" }
    let which = times > 1 ? "request \(number) of \(times)" : "the request"
    var text = "\n  \(which) was \(outcome)\n"
    let width = trail.map(\.node.count).max() ?? 0
    let exits = trail.map(\.exit.count).max() ?? 0
    for passage in trail {
      let node = passage.node + String(repeating: " ", count: width - passage.node.count)
      let exit = passage.exit + String(repeating: " ", count: exits - passage.exit.count)
      let place = passage.place == .builtIn ? "" : "  " + paint("\(passage.place)", .frame)
      text += "    \(node)  \(paint(exit, .strong))\(place)".trimmed + "\n"
      if let why = passage.why { text += "      \(TerminalText.plain(why))\n" }
    }
    return text
  }

  fileprivate func json(_ bundle: Bundle) -> JSONText {
    .object([
      ("expectation", .string(key)), ("expected", .string(expected)), ("got", .string(got)),
      ("place", .string("\(bundle.place(of: span))")), ("request", .number(number)),
      ("outcome", .string(outcome)),
      (
        "trail",
        .array(
          trail.map { passage in
            .object([
              ("node", .string(passage.node)), ("exit", .string(passage.exit)),
              ("why", passage.why.map { .string($0) } ?? .null),
              ("place", .string("\(passage.place)")),
            ])
          }
        )
      ),
    ])
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}

extension TestCoverage {
  /// The shares, and what was never seen.
  fileprivate func text(_ paint: Paint) -> String {
    var text = paint("coverage \(percent)%", .strong) + ":"
    let parts = Kind.allCases.map { kind in
      let (seen, all) = count(of: kind)
      return " \(kind.rawValue) \(seen)/\(all)"
    }
    text += parts.joined(separator: ",") + "\n"
    let missing = items.filter { !$0.isSeen }
    let width = missing.map(\.name.count).max() ?? 0
    for item in missing {
      let name = item.name + String(repeating: " ", count: width - item.name.count)
      let place = item.place == .builtIn ? "" : "  " + paint("\(item.place)", .frame)
      text += "  never seen: \(name)\(place)".trimmed + "\n"
    }
    return text
  }

  fileprivate var json: JSONText {
    .object(
      Kind.allCases.map { kind in
        let (seen, all) = count(of: kind)
        return (kind.rawValue, .object([("seen", .number(seen)), ("all", .number(all))]))
      } + [
        (
          "missing",
          .array(
            items.filter { !$0.isSeen }
              .map { .object([("what", .string($0.name)), ("place", .string("\($0.place)"))]) }
          )
        )
      ]
    )
  }
}
