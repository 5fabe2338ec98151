import SluiceCore
import SluicePolicy

extension Binder {
  /// The words of `api`; the last is reserved for a later version.
  private enum APIWord: String, CaseIterable { case openai, simulated, anthropic }

  func bindUpstream(_ entry: YAMLEntry) -> UpstreamSettings? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.upstream,
        key: entry.name,
        owner: "upstream `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let api = self.api(fields)
    let authorities = fields["ca"].flatMap(self.authorities)
    let timeout = timeouts(fields)
    let breaker = self.breaker(fields)
    let retry = self.retry(fields)
    let healthCheck = self.healthCheck(fields)
    guard let api else { return nil }
    return UpstreamSettings(
      name: entry.name,
      api: api,
      authorities: authorities,
      timeout: timeout,
      breaker: breaker,
      retry: retry,
      healthCheck: healthCheck,
      place: place(of: entry.keySpan)
    )
  }

  private func api(_ fields: Fields) -> UpstreamSettings.API? {
    guard let entry = required("api", fields, example: "api: openai"),
      let scalar = scalar(entry, expected: "`openai` or `simulated`")
    else { return nil }
    guard let word = APIWord(rawValue: scalar.text) else {
      let served = [APIWord.openai, .simulated].map(\.rawValue)
      report(
        .unknownValue(
          "api",
          scalar.text,
          nearest: NearestName.nearest(to: scalar.text, among: served),
          allowed: served,
          at: scalar.span
        )
      )
      return nil
    }
    switch word {
    case .openai, .anthropic:
      for key in ["latency", "output", "failures", "seed"] {
        refuse(key, fields, belongsTo: "simulated", api: scalar)
      }
      let secret = fields["secret"].flatMap(self.secret)
      if word == .anthropic { report(.notServedYet("api: anthropic", at: scalar.span)) }
      guard let entry = required("url", fields, example: "url: https://api.openai.com/v1"),
        let url = url(entry)
      else { return nil }
      return .openai(url: url, secret: secret)
    case .simulated:
      for key in ["url", "secret", "ca"] { refuse(key, fields, belongsTo: "openai", api: scalar) }
      return .simulated(simulated(fields))
    }
  }

  private func refuse(
    _ key: String,
    _ fields: Fields,
    belongsTo api: String,
    api scalar: YAMLScalar
  ) {
    guard let entry = fields[key] else { return }
    report(
      .conflictingKeys(
        key,
        "api: \(scalar.text)",
        in: fields.owner,
        at: entry.keySpan,
        other: scalar.span
      )
    )
  }

  private func simulated(_ fields: Fields) -> UpstreamSettings.Simulated {
    var simulated = UpstreamSettings.Simulated()
    if let latency = quantity(
      fields,
      "latency",
      .duration,
      in: .zero...(.seconds(600)),
      "from 0 to 10m"
    ) {
      simulated.latency = latency
    }
    if let output = quantity(fields, "output", .count, in: 1...1_000_000, "from 1 to 1M") {
      simulated.output = output
    }
    if let failures = quantity(fields, "failures", .ratio, in: 0...1, "from 0 to 100%") {
      simulated.failures = failures
    }
    if let seed = quantity(fields, "seed", .count, in: 0..., "at least 0") {
      simulated.seed = UInt64(seed)
    }
    return simulated
  }

  /// `http://…`, `https://…`, `env:NAME` or `file:PATH`.
  private func url(_ entry: YAMLEntry) -> UpstreamSettings.URLSource? {
    guard let scalar = entry.value.scalar else {
      report(
        .wrongType(
          "url",
          expected: "a URL",
          got: entry.value.kindDescription,
          example: "url: https://api.openai.com/v1",
          at: entry.valueSpan
        )
      )
      return nil
    }
    switch indirection(scalar, key: "url") {
    case .environment(let name): return .environment(name)
    case .file(let path): return .file(path)
    case .refused: return nil
    case .literal: break
    }
    // Tested first, and hidden: what stands before an `@` may be a password.
    guard !scalar.text.contains("@") else {
      report(.plaintextSecret("url", reason: "it names a user before `@`", at: scalar.span))
      return nil
    }
    if let reason = URLRule.objection(to: scalar.text) {
      report(.badURL(scalar.text, reason: reason, at: scalar.span))
      return nil
    }
    return .literal(scalar.text)
  }

  private func secret(_ entry: YAMLEntry) -> UpstreamSettings.Secret? {
    guard let scalar = entry.value.scalar else {
      report(
        .wrongType(
          "secret",
          expected: "`env:NAME` or `file:PATH`",
          got: entry.value.kindDescription,
          example: "secret: env:OPENAI_API_KEY",
          at: entry.valueSpan
        )
      )
      return nil
    }
    switch indirection(scalar, key: "secret") {
    case .environment(let name): return .environment(name)
    case .file(let path): return .file(path)
    case .refused: return nil
    case .literal:
      report(
        .plaintextSecret("secret", reason: "it is neither `env:` nor `file:`", at: scalar.span)
      )
      return nil
    }
  }

  /// The path of a file, relative to the folder that holds the naming file unless it is absolute.
  private func authorities(_ entry: YAMLEntry) -> String? {
    guard let scalar = scalar(entry, expected: "the path of a PEM file") else { return nil }
    guard !scalar.text.isEmpty else {
      report(
        .badQuantity(
          "ca",
          scalar.text,
          kind: "the path of a file",
          examples: ["ca: certificates/internal.pem"],
          at: scalar.span
        )
      )
      return nil
    }
    return absolute(scalar.text, from: scalar.span)
  }

  private enum Indirection {
    case literal
    case environment(String)
    case file(String)
    /// Its mistake has been told.
    case refused
  }

  private func indirection(_ scalar: YAMLScalar, key: String) -> Indirection {
    if scalar.text.hasPrefix("env:") {
      let name = String(scalar.text.dropFirst(4))
      guard !name.isEmpty, name.utf8.allSatisfy(\.isVariableName) else {
        report(
          .badQuantity(
            key,
            "env:…",
            kind: "the name of an environment variable",
            examples: ["env:NAME"],
            at: scalar.span
          )
        )
        return .refused
      }
      return .environment(name)
    }
    guard scalar.text.hasPrefix("file:") else { return .literal }
    let path = String(scalar.text.dropFirst(5))
    guard !path.isEmpty else {
      report(
        .badQuantity(
          key,
          scalar.text,
          kind: "the path of a file",
          examples: ["file:secrets/openai"],
          at: scalar.span
        )
      )
      return .refused
    }
    return .file(absolute(path, from: scalar.span))
  }

  /// A path relative to the folder that holds the naming file, unless it is absolute.
  private func absolute(_ path: String, from span: SourceSpan) -> String {
    guard !path.hasPrefix("/") else { return path }
    let file = bundle[span.source].path
    guard let slash = file.lastIndex(of: "/") else { return path }
    return String(file[...slash]) + path
  }

  private func timeouts(_ fields: Fields) -> UpstreamSettings.Timeouts {
    var timeout = UpstreamSettings.Timeouts()
    guard let entry = fields["timeout"] else { return timeout }
    if isNone(entry.value) {
      timeout.connect = nil
      timeout.firstByte = nil
      timeout.idle = nil
      timeout.total = nil
      return timeout
    }
    guard
      let fields = self.fields(
        of: entry.value,
        Schema.upstreamTimeout,
        key: "timeout",
        owner: "`timeout` of \(fields.owner)",
        at: entry.keySpan
      )
    else { return timeout }
    func part(_ key: String, _ value: inout Duration?) {
      guard let entry = fields[key] else { return }
      if isNone(entry.value) {
        value = nil
      } else if let given = deadline(fields, key) {
        value = given
      }
    }
    part("connect", &timeout.connect)
    part("first_byte", &timeout.firstByte)
    part("idle", &timeout.idle)
    part("total", &timeout.total)
    return timeout
  }

  private func breaker(_ outer: Fields) -> UpstreamSettings.Breaker? {
    guard let entry = outer["breaker"] else { return .standard }
    guard !isNone(entry.value),
      let fields = fields(
        of: entry.value,
        Schema.breaker,
        key: "breaker",
        owner: "`breaker` of \(outer.owner)",
        at: entry.keySpan
      )
    else { return nil }
    let consecutive = quantity(fields, "consecutive", .count, in: 1...10_000, "from 1 to 10000")
    let ratio = quantity(
      fields,
      "ratio",
      .ratio,
      in: 0.000_001...1,
      "above 0 and at most 100%"
    )
    let calls = quantity(fields, "min_calls", .count, in: 1...100_000, "from 1 to 100000")
    let window = deadline(fields, "window")
    let recovery = deadline(fields, "recovery") ?? .seconds(60)
    let probes = quantity(fields, "probes", .count, in: 1...1_000, "from 1 to 1000") ?? 1
    if let first = fields["consecutive"] {
      for key in ["ratio", "min_calls", "window"] {
        guard let other = fields[key] else { continue }
        report(
          .conflictingKeys(
            key,
            "consecutive",
            in: fields.owner,
            at: other.keySpan,
            other: first.keySpan
          )
        )
      }
      return consecutive.map { .consecutive($0, recovery: recovery, probes: probes) }
    }
    guard fields.has("ratio") else {
      report(
        .missingKey(
          "consecutive` or `ratio",
          in: fields.owner,
          example: "consecutive: 5",
          at: fields.span
        )
      )
      return nil
    }
    return ratio.map {
      .ratio(
        $0,
        minimumCalls: calls ?? 20,
        window: window ?? .seconds(30),
        recovery: recovery,
        probes: probes
      )
    }
  }

  private func retry(_ outer: Fields) -> UpstreamSettings.Retry? {
    guard let entry = outer["retry"] else { return .standard }
    guard !isNone(entry.value),
      let fields = fields(
        of: entry.value,
        Schema.retry,
        key: "retry",
        owner: "`retry` of \(outer.owner)",
        at: entry.keySpan
      )
    else { return nil }
    let attempts = required("attempts", fields, example: "attempts: 3")
      .flatMap { quantity($0, .count, in: 1...10, "from 1 to 10") }
    let base = deadline(fields, "base") ?? .seconds(1)
    let factor = quantity(fields, "factor", .number, in: 1...10, "from 1 to 10") ?? 2
    let budget = quantity(fields, "budget", .ratio, in: 0...1, "from 0 to 100%") ?? 0.2
    var jitter = UpstreamSettings.Retry.Jitter.full
    if let entry = fields["jitter"], entry.value.scalar?.text != "full",
      let bound = deadline(fields, "jitter")
    {
      jitter = .bounded(bound)
    }
    return attempts.map {
      UpstreamSettings.Retry(
        attempts: $0,
        base: base,
        factor: factor,
        jitter: jitter,
        budget: budget
      )
    }
  }
}

extension Binder {
  fileprivate func healthCheck(_ outer: Fields) -> UpstreamSettings.HealthCheck? {
    guard let entry = outer["health_check"], !isNone(entry.value),
      let fields = fields(
        of: entry.value,
        Schema.healthCheck,
        key: "health_check",
        owner: "`health_check` of \(outer.owner)",
        at: entry.keySpan
      )
    else { return nil }
    // What a check finds is acted on by the breaker.
    if let breaker = outer["breaker"], isNone(breaker.value) {
      report(
        .conflictingKeys(
          "health_check",
          "breaker: none",
          in: outer.owner,
          at: entry.keySpan,
          other: breaker.keySpan
        )
      )
    }
    var check = UpstreamSettings.HealthCheck()
    if let path = fields["path"].flatMap(self.checkPath) { check.path = path }
    if let interval = quantity(
      fields,
      "interval",
      .duration,
      in: .milliseconds(100)...(.seconds(86_400)),
      "from 100ms to 1d"
    ) {
      check.interval = interval
    }
    if let timeout = deadline(fields, "timeout") { check.timeout = timeout }
    let range = 1...1_000
    let words = "from 1 to 1000"
    if let count = quantity(fields, "unhealthy_threshold", .count, in: range, words) {
      check.unhealthyThreshold = count
    }
    if let count = quantity(fields, "healthy_threshold", .count, in: range, words) {
      check.healthyThreshold = count
    }
    return check
  }

  /// A path below the base URL.
  private func checkPath(_ entry: YAMLEntry) -> String? {
    guard let scalar = scalar(entry, expected: "a path") else { return nil }
    guard scalar.text.hasPrefix("/"), scalar.text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      !scalar.text.contains("#")
    else {
      report(
        .badQuantity(
          "path",
          scalar.text,
          kind: "a path that begins with `/`",
          examples: ["path: /models"],
          at: scalar.span
        )
      )
      return nil
    }
    return scalar.text
  }
}

/// What a literal `url` may look like.
enum URLRule {
  /// Why a text cannot be the base of an upstream; nil if it can.
  static func objection(to text: String) -> String? {
    let rest: Substring
    if text.hasPrefix("http://") {
      rest = text.dropFirst(7)
    } else if text.hasPrefix("https://") {
      rest = text.dropFirst(8)
    } else {
      return "it begins with neither `http://` nor `https://`"
    }
    guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f }) else {
      return "it holds a blank or a character that URLs do not"
    }
    guard !rest.contains("?"), !rest.contains("#") else {
      return "it has a query or a fragment, which a base cannot"
    }
    let authority = String(rest.prefix { $0 != "/" })
    guard !authority.isEmpty else { return "it names no host" }
    let hasPort = authority.hasSuffix("]") ? false : authority.contains(":")
    guard EndpointText(hasPort ? authority : "\(authority):1") != nil else {
      return "`\(authority)` is no host, or no host and port"
    }
    return nil
  }
}

extension UInt8 {
  /// Whether the byte may stand in the name of an environment variable.
  fileprivate var isVariableName: Bool {
    let letter = self | 0x20
    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || self == UInt8(ascii: "_")
  }
}
