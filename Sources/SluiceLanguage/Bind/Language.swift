package import SluicePolicy

/// The language front end: from the files of a bundle to a checked policy, and all that is wrong.
///
/// Read, bind, check: every stage goes on after a mistake, so that one run tells all of them. The
/// compiler calls it for start-up, reload, lint and tests alike; there is no second way.
package enum Language {
  /// Checks a bundle under the flags that it will run with.
  ///
  /// Pure: needs no secret, no store and no network. `overrides` is what flags say in place of the
  /// files, so that checks see what will run; `earlier` is what loading the bundle found.
  package static func check(
    _ bundle: Bundle,
    overrides: PolicyOverrides = PolicyOverrides(),
    after earlier: Findings = Findings()
  ) -> CheckedBundle {
    var findings = earlier
    let documents = YAMLReader.read(bundle, &findings)
    SyntaxEdges.spoil(documents, &findings)
    let binder = Binder(documents, of: bundle, overrides: overrides, findings)
    let draft = binder.bind()
    for check in allChecks { check.inspect(draft, binder) }
    return CheckedBundle(
      policy: binder.findings.haveErrors ? nil : draft.policy,
      findings: binder.findings,
      bundle: binder.bundle
    )
  }
}

/// What a bundle came to.
package struct CheckedBundle: Sendable {
  /// Nil exactly when there are errors.
  package let policy: Policy?
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
