import SluiceCore
import SluiceLanguage
import SluicePolicy
import SluiceReactor
import SluiceUpstream

/// An upstream with its references looked up: all that it takes to connect to it.
///
/// Two equal plans need one connection pool, which is how pools survive a reload.
struct UpstreamPlan: Sendable, Equatable {
  enum Service: Sendable, Equatable {
    /// `authorities` are PEM bytes; nil: the system's.
    case http(url: String, secret: String?, authorities: [UInt8]?)
    case simulated(UpstreamSettings.Simulated)
  }

  var name: String
  var service: Service
  var timeouts: UpstreamSettings.Timeouts
}

extension UpstreamPlan: CustomReflectable, CustomStringConvertible {
  var description: String { "upstream \(name)" }
  /// Shows the name only: what is dumped into a log must not hold the secret.
  var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

/// Looks up what `env:` and `file:` stand for; reads files, so it blocks.
struct UpstreamPlanner {
  var environment: [String: String]

  /// The plans of a policy's upstreams.
  ///
  /// What is missing, or makes no sense, is reported where the policy refers to it; its plan is
  /// left out.
  func plans(
    for policy: Policy,
    of bundle: Bundle,
    _ findings: inout Findings
  ) -> [UpstreamPlan] {
    policy.upstreams.compactMap { upstream in
      switch upstream.api {
      case .simulated(let settings):
        return UpstreamPlan(
          name: upstream.name,
          service: .simulated(settings),
          timeouts: upstream.timeout
        )
      case .openai(let source, let secretSource):
        let url = value(Reference(source), of: upstream, in: bundle, &findings)
        let secret = secretSource.map { value(Reference($0), of: upstream, in: bundle, &findings) }
        let authorities = upstream.authorities.map { path in
          self.authorities(path, of: upstream, in: bundle, &findings)
        }
        guard let url, secret != .some(nil), authorities != .some(nil) else { return nil }
        return UpstreamPlan(
          name: upstream.name,
          service: .http(url: url, secret: secret ?? nil, authorities: authorities ?? nil),
          timeouts: upstream.timeout
        )
      }
    }
  }

  private func value(
    _ reference: Reference,
    of upstream: UpstreamSettings,
    in bundle: Bundle,
    _ findings: inout Findings
  ) -> String? {
    switch look(up: reference) {
    case .success(let value): return value
    case .failure(let failure):
      guard let span = bundle.span(of: reference.words, near: upstream.place) else {
        preconditionFailure("an upstream stands in a file")
      }
      findings.report(
        .indirectionUnresolved(reference.words[0], reason: failure.reason, at: span)
      )
      return nil
    }
  }

  private func authorities(
    _ path: String,
    of upstream: UpstreamSettings,
    in bundle: Bundle,
    _ findings: inout Findings
  ) -> [UInt8]? {
    let reason: String
    do throws(IOFailure) {
      let bytes = try Files.read(path, maximumBytes: Bounds.authorityFileBytes)
      guard let objection = Self.objection(toAuthorities: bytes) else { return bytes }
      reason = objection
    } catch {
      reason = "cannot be read: \(error)"
    }
    guard let span = bundle.span(of: ["ca:"], near: upstream.place) else {
      preconditionFailure("an upstream stands in a file")
    }
    findings.report(
      .indirectionUnresolved(
        path,
        reason: reason,
        remedy: "name a file with the authorities' certificates in PEM, or leave `ca` out",
        at: span
      )
    )
    return nil
  }

  /// Why bytes are no certificates; nil if they can be.
  private static func objection(toAuthorities bytes: [UInt8]) -> String? {
    if bytes.allSatisfy({ $0 <= 0x20 }) { return "is empty" }
    do throws(UpstreamSetupError) {
      try HTTPUpstream.check(authorities: bytes)
      return nil
    } catch {
      let isPEM = String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----")
      return isPEM
        ? "holds a certificate that is damaged"
        : "is not PEM: it has no line `-----BEGIN CERTIFICATE-----`"
    }
  }

  private struct Missing: Error {
    var reason: String
  }

  private func look(up reference: Reference) -> Result<String, Missing> {
    switch reference {
    case .literal(let text): return .success(text)
    case .environment(let name):
      guard let value = environment[name] else {
        return .failure(Missing(reason: "is not set in the environment"))
      }
      return Self.line(value)
    case .file(let path):
      do throws(IOFailure) {
        let bytes = try Files.read(path, maximumBytes: Bounds.secretFileBytes)
        return Self.line(String(decoding: bytes, as: UTF8.self))
      } catch {
        return .failure(Missing(reason: "cannot be read: \(error)"))
      }
    }
  }

  /// The one line that a secret or a URL is; files end with a line feed.
  private static func line(_ text: String) -> Result<String, Missing> {
    var line = Substring(text)
    while let last = line.last, last.isWhitespace { line.removeLast() }
    return line.isEmpty ? .failure(Missing(reason: "is empty")) : .success(String(line))
  }
}

/// What a policy says in place of a value.
private enum Reference {
  case literal(String)
  case environment(String)
  case file(String)

  init(_ source: UpstreamSettings.URLSource) {
    self =
      switch source {
      case .literal(let text): .literal(text)
      case .environment(let name): .environment(name)
      case .file(let path): .file(path)
      }
  }

  init(_ source: UpstreamSettings.Secret) {
    self =
      switch source {
      case .environment(let name): .environment(name)
      case .file(let path): .file(path)
      }
  }

  /// How it may stand in a file, the form to show first.
  var words: [String] {
    switch self {
    case .literal(let text): [text]
    case .environment(let name): ["env:\(name)"]
    // The policy holds the path as it is opened, the file the path as it was written.
    case .file(let path): ["file:\(path)", "file:"]
    }
  }
}

extension Bundle {
  /// Where one of `words` stands, looked for from `place` on; else `place` itself.
  ///
  /// A checked policy keeps the places of its entries, not of every value in them.
  func span(of words: [String], near place: SourcePlace) -> SourceSpan? {
    guard let source = sources.first(where: { self[$0].path == place.file }) else {
      return sources.first.map { SourceSpan(source: $0, start: 0, end: 0) }
    }
    let file = self[source]
    let start = file.offset(of: place)
    for word in words {
      let wanted = Array(word.utf8)
      guard file.bytes.count >= wanted.count + start else { continue }
      for offset in start...(file.bytes.count - wanted.count)
      where file.bytes[offset..<offset + wanted.count].elementsEqual(wanted) {
        var end = offset + wanted.count
        // `file:` alone stands for the whole word.
        while end < file.bytes.count, Self.isWord(file.bytes[end]) { end += 1 }
        return SourceSpan(source: source, start: offset, end: end)
      }
    }
    return SourceSpan(source: source, start: start, end: start)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}

extension SourceText {
  /// The byte at which a place begins.
  fileprivate func offset(of place: SourcePlace) -> Int {
    let line = range(ofLine: place.line)
    var offset = line.lowerBound
    var column = 1
    while offset < line.upperBound, column < place.column {
      offset += 1
      while offset < line.upperBound, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
      column += 1
    }
    return offset
  }
}
