/// What is wrong with names, keys, values and who is who (SL01xx).
extension Diagnostic {
  /// `kind`: the author's word for what is named, such as `tier`.
  package static func unknownReference(
    _ kind: String,
    _ name: String,
    nearest: String?,
    nearestAt: SourceSpan? = nil,
    declared: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    let seconds: [Label] =
      if let nearest, let nearestAt { [Label("`\(nearest)` is declared here", at: nearestAt)] } else
      {
        []
      }
    return Diagnostic(
      .unknownReference,
      "\(kind) `\(Wording.short(name))` is not declared" + Wording.suggestion(nearest),
      at: span,
      seconds: seconds,
      notes: [Wording.list("declared", declared.sorted())].compactMap(\.self),
      help: nearest.map { "write `\($0)`" } ?? "declare it, or name one that is declared",
      fix: nearest.map { [Edit(span, $0)] } ?? []
    )
  }

  package static func unusedDefinition(
    _ kind: String,
    _ name: String,
    usedBy: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .unusedDefinition,
      .warning,
      "\(kind) `\(Wording.short(name))` is declared but no \(usedBy) uses it",
      at: span,
      help: "delete it, or use it"
    )
  }

  /// The value is not echoed; `reason` says why it looks like a secret.
  package static func plaintextSecret(
    _ key: String,
    reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .plaintextSecret,
      "`\(key)` holds a secret in plain text: \(reason)",
      at: span,
      notes: ["the value is not echoed; if it was ever committed, replace the key"],
      help: "keep it out of the files: `env:NAME` or `file:PATH`"
    )
  }

  package static func missingKey(
    _ key: String,
    in section: String,
    example: String? = nil,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .missingKey,
      "\(section) needs `\(key)`",
      at: span,
      help: "add `\(example ?? "\(key): …")`"
    )
  }

  /// `expected` and `got` are phrases such as `a list of model names` and `a map`.
  package static func wrongType(
    _ key: String,
    expected: String,
    got: String,
    example: String? = nil,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .wrongType,
      "`\(Wording.short(key))` must be \(expected), not \(got)",
      at: span,
      help: example.map { "write `\($0)`" }
    )
  }

  package static func duplicateName(
    _ kind: String,
    _ name: String,
    at span: SourceSpan,
    first: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .duplicateName,
      "\(kind) `\(Wording.short(name))` is declared twice",
      at: span,
      label: "declared again here",
      seconds: [Label("first declared here", at: first)],
      help: "rename one, or merge the two"
    )
  }

  /// `kind`: such as `a rate`; `examples`: right values.
  package static func quantityWithoutUnit(
    _ key: String,
    _ text: String,
    kind: String,
    examples: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .quantityWithoutUnit,
      "`\(key)` is \(kind) and needs a unit; got `\(Wording.short(text))`",
      at: span,
      help: "write it like " + examples.map { "`\($0)`" }.joined(separator: " or ")
    )
  }

  package static func badQuantity(
    _ key: String,
    _ text: String,
    kind: String,
    examples: [String],
    reason: String? = nil,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .badQuantity,
      "`\(Wording.short(text))` is not \(kind)" + (reason.map { ": \($0)" } ?? ""),
      at: span,
      label: "value of `\(key)`",
      help: "write it like " + examples.map { "`\($0)`" }.joined(separator: " or ")
    )
  }

  /// `range`: a phrase such as `from 0 to 100%` or `at least 1`.
  package static func outOfRange(
    _ key: String,
    _ text: String,
    range: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .outOfRange,
      "`\(key)` is \(range); got `\(Wording.short(text))`",
      at: span
    )
  }

  package static func emptyCondition(_ key: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .emptyCondition,
      "`\(key)` is empty",
      at: span,
      help: "write a condition, or remove `\(key)` if it should always hold"
    )
  }

  package static func unknownValue(
    _ key: String,
    _ text: String,
    nearest: String?,
    allowed: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .unknownValue,
      "`\(Wording.short(text))` is no value of `\(key)`" + Wording.suggestion(nearest),
      at: span,
      help: "write one of: " + Wording.list(allowed),
      fix: nearest.map { [Edit(span, $0)] } ?? []
    )
  }

  package static func conflictingKeys(
    _ key: String,
    _ other: String,
    in section: String,
    at span: SourceSpan,
    other otherSpan: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .conflictingKeys,
      "\(section) cannot have both `\(key)` and `\(other)`",
      at: span,
      seconds: [Label("`\(other)` stands here", at: otherSpan)],
      help: "keep one of them"
    )
  }

  /// `env:NAME` or `file:PATH` where it is not looked up.
  package static func indirectionMisplaced(
    _ key: String,
    _ text: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .indirectionMisplaced,
      "`\(Wording.short(text))` is looked up only as a `url` or a `secret`, not as `\(key)`",
      at: span,
      help: "write the value itself; a text that begins with `env:` or `file:` has no other form"
    )
  }

  /// `reason` never holds the value.
  package static func indirectionUnresolved(
    _ text: String,
    reason: String,
    remedy: String = "set it where Sluice is started",
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .indirectionUnresolved,
      "`\(Wording.short(text))` \(reason)",
      at: span,
      help: "\(remedy); the running policy stays until then"
    )
  }

  package static func anonymousExposed(
    at span: SourceSpan,
    listen address: String,
    listenAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .anonymousExposed,
      "anybody who can reach `\(address)` may spend money: `anonymous` is for loopback only",
      at: span,
      seconds: [Label("this address is not loopback", at: listenAt)],
      help: "set `anonymous: false` and hand out keys, or listen on 127.0.0.1"
    )
  }

  package static func headersTrustedFromEverywhere(
    _ network: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .headersTrustedFromEverywhere,
      "`\(network)` lets every client say who it is",
      at: span,
      help: "name only the networks of your own proxies, such as `10.0.0.0/8`"
    )
  }

  package static func sectionInSeveralFiles(
    _ section: String,
    at span: SourceSpan,
    first: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .sectionInSeveralFiles,
      "`\(section)` stands in two files; it must stand in one",
      at: span,
      label: "again here",
      seconds: [Label("first here", at: first)],
      help: "move all of `\(section)` into one file"
    )
  }

  package static func badAddress(
    _ text: String,
    reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .badAddress,
      "`\(Wording.short(text))` is no address to listen on: \(reason)",
      at: span,
      help: "write host and port, such as `127.0.0.1:8080` or `\"[::1]:8080\"`"
    )
  }

  package static func badURL(_ text: String, reason: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .badURL,
      "`\(Wording.short(text))` cannot be used as a URL: \(reason)",
      at: span,
      help: "write it like `https://api.example.com/v1`"
    )
  }

  package static func badNetwork(
    _ text: String,
    reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .badNetwork,
      "`\(Wording.short(text))` is no network: \(reason)",
      at: span,
      help: "write it like `10.0.0.0/8` or `fd00::/8`"
    )
  }

  package static func badName(
    _ kind: String,
    _ name: String,
    reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .badName,
      "`\(Wording.short(name))` cannot name a \(kind): \(reason)",
      at: span,
      help: "choose another name"
    )
  }
}
