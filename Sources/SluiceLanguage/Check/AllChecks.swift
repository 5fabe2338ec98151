/// A rule over a whole policy, asked when every section is bound.
///
/// To add one: a file with the check, and a line in ``allChecks``; a new code also needs its line in
/// `DiagnosticCode` and its page.
protocol PolicyCheck: Sendable {
  /// Reports to `binder` what is wrong with `draft`, which lacks what could not be bound.
  func inspect(_ draft: Draft, _ binder: Binder)
}

/// Every check of whole policies, in the order of the codes.
let allChecks: [any PolicyCheck] = [
  UnusedDefinitions(),  // SL0102
  NobodyAdmitted(),  // SL0104
  ModelSizes(),  // SL0109
  DuplicateListeners(),  // SL0112
  AnonymousExposure(),  // SL0115
  TrustedNetworks(),  // SL0116
  PlaintextUpstream(),  // SL0122
  TierWithoutEffect(),  // SL0123
  UnusedTarget(),  // SL0124
  RouteOrder(),  // SL0201, SL0202, SL0207, SL0602
  FallbackCapability(),  // SL0204
  SharedUpstream(),  // SL0208
  UnstableSplit(),  // SL0209
  TierWithoutModel(),  // SL0210
  SplitOfOne(),  // SL0211
  SemanticThreshold(),  // SL0301
  AnswerLifetime(),  // SL0302
  CacheAcrossTenants(),  // SL0303
  TenantScope(),  // SL0305
  CacheKeyChanges(),  // SL0306
  EmbedderServes(),  // SL0310
  LimitNesting(),  // SL0401
  MissingPrices(),  // SL0402
  KillSwitchAboveBudget(),  // SL0403
  TokenLimitTooSmall(),  // SL0404
  TiersWithoutKey(),  // SL0405
  UnpricedBehindBudget(),  // SL0407
  UserKeyAcrossTenants(),  // SL0409
  BudgetReadsTooEarly(),  // SL0410
  KeyFromClient(),  // SL0411
  LimitDominated(),  // SL0412
  BudgetNesting(),  // SL0413
  ReliefNeverTried(),  // SL0414
  WarningTooLate(),  // SL0415
  RunwayTooShort(),  // SL0416
  RetryDeadline(),  // SL0501
  BreakerNeverOpens(),  // SL0502
  BreakerTooSensitive(),  // SL0503
  ChainDeadline(),  // SL0504
  FirstByteTooLate(),  // SL0505
  RetryAmplification(),  // SL0506
  RetryBudgetUnlimited(),  // SL0507
  NoDeadline(),  // SL0508
  HealthCheckTooSlow(),  // SL0509
  RetriesInStep(),  // SL0510
  DeadlinesOutOfOrder(),  // SL0511
  ConstantConditions(),  // SL0602
  NotServedYet(),  // SL0901
]

/// A rule over one expression, asked when it is read and known to be right.
protocol ExpressionCheck: Sendable {
  func inspect(_ use: ExpressionUse, _ binder: Binder)
}

/// Every check of expressions, in the order of the codes.
let allExpressionChecks: [any ExpressionCheck] = [
  RegexUnanchored(),  // SL0612
  HeaderMayBeAbsent(),  // SL0613
  CaseNeverMatches(),  // SL0614
  RepeatedTerm(),  // SL0615
  RegexIsPlain(),  // SL0616
]
