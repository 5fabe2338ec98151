import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A key that would cross the network in clear.
struct PlaintextUpstream: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      guard case .openai(.literal(let url), .some) = upstream.settings.api,
        url.hasPrefix("http://"), !Self.isLocal(url)
      else { continue }
      binder.report(.plaintextUpstream(upstream.settings.name, at: upstream.span("url")))
    }
  }

  private static func isLocal(_ url: String) -> Bool {
    let authority = url.dropFirst("http://".count).prefix { $0 != "/" }
    let host =
      authority.hasPrefix("[")
      ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
    return host == "localhost" || HostAddress(host)?.isLoopback == true
  }
}

extension Diagnostic {
  static func plaintextUpstream(_ name: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .plaintextUpstream,
      .warning,
      "upstream `\(Wording.short(name))` is sent its secret and every prompt in clear",
      at: span,
      help: "write `https://`, with `ca:` if its certificate is your own"
    )
  }
}
