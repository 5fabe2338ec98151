package import SluiceCore
package import SluicePolicy

/// The language front end: from the files of a bundle to a checked policy, and all that is wrong.
///
/// Read, bind, check: every stage goes on after a mistake, so that one run tells all of them. The
/// compiler calls it for start-up, reload, lint and tests alike; there is no second way.
package enum Language {
  /// Checks a bundle under the flags that it will run with.
  ///
  /// Pure: needs no secret, no store and no network. `overrides` is what flags say in place of the
  /// files, so that checks see what will run; `surroundings` is what evidence is held against;
  /// `earlier` is what loading the bundle found. Files of tests are bound only `withTests`: what
  /// serves does not depend on them.
  package static func check(
    _ bundle: Bundle,
    overrides: PolicyOverrides = PolicyOverrides(),
    in surroundings: Surroundings = Surroundings(),
    after earlier: Findings = Findings(),
    lints: LintSelection = .standard,
    withTests: Bool = false
  ) -> CheckedBundle {
    var findings = earlier
    let documents = YAMLReader.read(bundle, &findings)
    SyntaxEdges.spoil(documents, &findings)
    let binder = Binder(
      documents,
      of: bundle,
      overrides: overrides,
      surroundings: surroundings,
      findings
    )
    let draft = binder.bind()
    let tests = withTests ? binder.bindTests() : TestSuite()
    for check in allChecks { check.inspect(draft, binder) }
    var kept = binder.findings
    let allows = AllowComments(documents, of: bundle)
    kept.select(lints)
    kept.silence(allows, lints)
    var policy = kept.haveErrors ? nil : draft.policy
    policy?.unreachableRoutes = binder.unreachableRoutes
    return CheckedBundle(
      policy: policy,
      tests: tests,
      findings: kept,
      bundle: binder.bundle
    )
  }
}

/// Which warnings and notes are told; errors always are.
package struct LintSelection: Sendable, Equatable {
  /// Only these; nil: all that are not of taste.
  package var selected: Set<DiagnosticCode>?
  package var ignored: Set<DiagnosticCode>

  package init(selected: Set<DiagnosticCode>? = nil, ignored: Set<DiagnosticCode> = []) {
    self.selected = selected
    self.ignored = ignored
  }

  package static let standard = LintSelection()
  /// Rules of taste too.
  package static let everything = LintSelection(selected: Set(DiagnosticCode.allCases))

  func includes(_ code: DiagnosticCode) -> Bool {
    !ignored.contains(code) && (selected?.contains(code) ?? !code.isOffByDefault)
  }

  /// The codes that a word names: a code, the beginning of one (`SL05`), or `all`; nil if none.
  package static func codes(_ word: String) -> Set<DiagnosticCode>? {
    let word = word.uppercased()
    if word == "ALL" { return Set(DiagnosticCode.allCases) }
    let codes = DiagnosticCode.allCases.filter { word.hasPrefix("SL") && $0.id.hasPrefix(word) }
    return codes.isEmpty ? nil : Set(codes)
  }
}

/// What a bundle came to.
package struct CheckedBundle: Sendable {
  /// Nil exactly when there are errors.
  package let policy: Policy?
  /// The cases of its files of tests, if they were asked for.
  package let tests: TestSuite
  package let findings: Findings
  /// What the findings point into: the files, and the flags that were put over them.
  package let bundle: Bundle
}

/// What flags of the command say in place of the files.
package struct PolicyOverrides: Sendable, Equatable {
  /// `--listen`; nil or empty: what the files say.
  package var listen: [String]?
  /// `--admin`; nil: what the files say.
  package var admin: String?

  package init(listen: [String]? = nil, admin: String? = nil) {
    self.listen = listen
    self.admin = admin
  }
}

/// What no file says, and evidence is held against.
package struct Surroundings: Sendable, Equatable {
  /// The day, in UTC; nil: no evidence is too old.
  package var today: CivilDate?
  /// The fingerprint of the local encoder; nil: not known, so that any may be it.
  package var encoder: Digest?

  package init(today: CivilDate? = nil, encoder: Digest? = nil) {
    self.today = today
    self.encoder = encoder
  }
}
