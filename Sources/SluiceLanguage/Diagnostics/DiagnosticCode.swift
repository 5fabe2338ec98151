/// The registry of codes: one line each, with its number; a number is never used again.
///
/// To add one: a line here, its constructor in the catalogue file of its subject
/// (`Diagnostic+Routing.swift`, …), and its page `Docs/diagnostics/SLxxxx.md` with a failing and a
/// right example. A test compares the three, and writes `ExplainPages.swift` and the index when it
/// runs under `SLUICE_RECORD=1`.
///
/// Number kept for a lint to come: SL0304 (caching random answers).
package enum DiagnosticCode: Int, Hashable, Sendable, CaseIterable {
  // SL00xx: the text of the files.
  case duplicateKey = 0001
  case unknownKey = 0002
  case yaml11Boolean = 0003
  case ambiguousNumber = 0004
  case durationWithoutUnit = 0005
  case yamlSyntax = 0006
  case tabIndentation = 0007
  case notUTF8 = 0008
  case controlCharacter = 0009
  case nestingTooDeep = 0010
  case aliasesTooLarge = 0011
  case unknownAnchor = 0012
  case yamlTag = 0013
  case severalDocuments = 0014
  case mergeKey = 0015
  case keyNotText = 0016
  case expressionSplit = 0017
  case fileTooLarge = 0018
  case bundleTooLarge = 0019
  case wrongExtension = 0020
  case unreadableFile = 0021
  case emptyBundle = 0022
  case missingKind = 0023
  case unknownKind = 0024
  case yamlDirective = 0025
  case badAllow = 0026
  case unusedAllow = 0027
  case allowOfError = 0028

  // SL01xx: references, the schema, the server and who is who.
  case unknownReference = 0101
  case unusedDefinition = 0102
  case plaintextSecret = 0103
  case missingKey = 0104
  case wrongType = 0105
  case duplicateName = 0106
  case quantityWithoutUnit = 0107
  case badQuantity = 0108
  case outOfRange = 0109
  case emptyCondition = 0110
  case unknownValue = 0111
  case conflictingKeys = 0112
  case indirectionMisplaced = 0113
  case indirectionUnresolved = 0114
  case anonymousExposed = 0115
  case headersTrustedFromEverywhere = 0116
  case sectionInSeveralFiles = 0117
  case badAddress = 0118
  case badURL = 0119
  case badNetwork = 0120
  case badName = 0121
  case plaintextUpstream = 0122
  case tierWithoutEffect = 0123
  case unusedTarget = 0124

  // SL02xx: routing.
  case unreachableRoute = 0201
  case noDefaultRoute = 0202
  case targetCycle = 0203
  case fallbackLosesCapability = 0204
  case splitShares = 0205
  case emptyTarget = 0206
  case reachUndecided = 0207
  case sharedUpstream = 0208
  case unstableSplit = 0209
  case tierCannotReach = 0210
  case splitOfOne = 0211

  // SL03xx: the cache.
  case semanticThresholdLow = 0301
  case ttlLongerThanVolatility = 0302
  case cacheScopeTooWide = 0303
  case cacheScopeUnusable = 0305
  case cacheKeyChanges = 0306
  case embedderServesNoEmbeddings = 0310
  case encoderMissing = 0311
  case evidenceMissing = 0321
  case thresholdBelowEvidence = 0322
  case evidenceStale = 0323
  case evidenceTooWeak = 0324
  case evidenceUnused = 0325
  case evidenceImpossible = 0326

  // SL04xx: limits and money.
  case limitNeverReached = 0401
  case priceMissing = 0402
  case killSwitchAboveBudget = 0403
  case tokenLimitTooSmall = 0404
  case tiersWithoutKey = 0405
  case pricesOverlap = 0406
  case unpricedBehindBudget = 0407
  case priceInTwoPlaces = 0408
  case userKeyAcrossTenants = 0409
  case budgetKeyTooLate = 0410
  case keyFromClient = 0411
  case limitDominated = 0412
  case budgetNeverReached = 0413
  case reliefNeverTried = 0414
  case warningTooLate = 0415
  case runwayTooShort = 0416
  case budgetRenamed = 0417
  case noBudget = 0418

  // SL05xx: deadlines, retries and breakers.
  case retriesExceedDeadline = 0501
  case breakerNeverOpens = 0502
  case breakerTooSensitive = 0503
  case lastCandidateTooLate = 0504
  case firstByteTooLate = 0505
  case retryAmplification = 0506
  case retryBudgetUnlimited = 0507
  case noDeadline = 0508
  case healthCheckTooSlow = 0509
  case retriesInStep = 0510
  case deadlinesOutOfOrder = 0511

  // SL06xx: expressions.
  case wrongPhase = 0601
  case constantCondition = 0602
  case expressionSyntax = 0603
  case unknownVariable = 0604
  case typeMismatch = 0605
  case noOverload = 0606
  case constantError = 0607
  case unknownFunction = 0608
  case expressionTooLarge = 0609
  case featureCycle = 0610
  case expressionTooCostly = 0611
  case regexUnanchored = 0612
  case headerMayBeAbsent = 0613
  case caseNeverMatches = 0614
  case repeatedTerm = 0615
  case regexIsPlain = 0616

  // SL09xx: what this version does not do.
  case notServedYet = 0901
}

extension DiagnosticCode {
  /// `SL0201`.
  package var id: String {
    let digits = String(rawValue)
    return "SL" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  /// The code that an id names, in any case; nil if there is none.
  package init?(id: some StringProtocol) {
    let upper = id.uppercased()
    guard upper.hasPrefix("SL"), upper.utf8.count == 6, let number = Int(upper.dropFirst(2)) else {
      return nil
    }
    self.init(rawValue: number)
  }

  /// The name as words with hyphens: `duplicate-key`.
  package var name: String {
    var words = ""
    var previousIsLower = false
    for character in String(describing: self) {
      if character.isUppercase, previousIsLower { words += "-" }
      previousIsLower = !character.isUppercase
      words += character.lowercased()
    }
    return words
  }

  /// Where the finding says that something is missing or unused; nil if it says no such thing.
  ///
  /// What could be read only in part may hold it, so that the finding is a mere consequence.
  package var absence: Absence? {
    switch self {
    case .missingKey, .missingKind: .file
    case .unknownReference, .unusedDefinition, .noDefaultRoute, .priceMissing,
      .unpricedBehindBudget, .emptyBundle, .unknownVariable:
      .bundle
    default: nil
    }
  }

  /// What must have been read whole for an absence to be proved.
  package enum Absence: Hashable, Sendable {
    /// The file of the finding.
    case file
    /// Every file.
    case bundle
  }

  /// Whether the rule is one of taste: told only where it is selected.
  package var isOffByDefault: Bool {
    switch self {
    case .fallbackLosesCapability, .sharedUpstream: true
    default: false
    }
  }

  /// Whether a snippet must not show what the primary span covers.
  package var hidesValue: Bool { self == .plaintextSecret }
}
