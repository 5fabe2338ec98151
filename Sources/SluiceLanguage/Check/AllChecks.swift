/// A rule over a whole policy, asked when every section is bound.
///
/// To add one: a file with the check, and a line in ``allChecks``; a new code also needs its line in
/// `DiagnosticCode` and its page.
protocol PolicyCheck: Sendable {
  /// Reports to `binder` what is wrong with `draft`, which lacks what could not be bound.
  func inspect(_ draft: Draft, _ binder: Binder)
}

/// Every check, in the order of the codes.
let allChecks: [any PolicyCheck] = [
  UnusedDefinitions(),  // SL0102
  NobodyAdmitted(),  // SL0104
  ModelSizes(),  // SL0109
  DuplicateListeners(),  // SL0112
  AnonymousExposure(),  // SL0115
  TrustedNetworks(),  // SL0116
  RouteOrder(),  // SL0201, SL0202, SL0207, SL0602
  ConstantConditions(),  // SL0602
  SemanticThreshold(),  // SL0301
  AnswerLifetime(),  // SL0302
  TenantScope(),  // SL0305
  LimitNesting(),  // SL0401
  MissingPrices(),  // SL0402
  TiersWithoutKey(),  // SL0405
  UnpricedBehindBudget(),  // SL0407
  NotServedYet(),  // SL0901
]
