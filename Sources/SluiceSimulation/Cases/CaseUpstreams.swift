import SluiceCore
import SluiceDialects
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import Synchronization

/// How the upstreams of a case behave, until a step says otherwise.
///
/// A model goes by what was said of it, else by what was said of its upstream, else by the settings
/// of its upstream. Of a list each attempt takes the next, and the last is for good.
final class CaseUpstreams: Sendable {
  private struct Listed {
    var behaviours: [TestBehaviour]
    var next = 0
  }

  private let policy: Policy
  private let counter: (any TokenCounter)?
  private let listed = Mutex<[String: Listed]>([:])

  init(_ policy: Policy, counter: (any TokenCounter)?) {
    self.policy = policy
    self.counter = counter
  }

  /// Has a subject behave otherwise from now on.
  func set(_ change: TestBehaviours) {
    listed.withLock { $0[Self.key(of: change.subject)] = Listed(behaviours: change.listed) }
  }

  /// What one upstream does with its attempts.
  func script(of upstream: String) -> any AttemptScript {
    CaseScript(upstream: upstream, all: self)
  }

  fileprivate func behaviour(_ upstream: String, _ request: UpstreamRequest) -> Behaviour {
    let service = ModelSettings.Service.allCases.first { request.path.hasSuffix($0.path) } ?? .chat
    let asked = try? ModelRequest(request.body, for: service)
    let model = policy.models.first {
      $0.upstream == upstream && $0.upstreamName == asked?.model
    }
    let said = listed.withLock { listed -> TestBehaviour in
      let keys = [
        model.map { Self.key(of: .model($0.name)) }, Self.key(of: .upstream(upstream)),
      ]
      for key in keys.compactMap(\.self) {
        guard var found = listed[key] else { continue }
        let behaviour = found.behaviours[found.next]
        found.next = min(found.next + 1, found.behaviours.count - 1)
        listed[key] = found
        return behaviour
      }
      return TestBehaviour()
    }
    return behaviour(said, settings(of: upstream), asked)
  }

  private func settings(of upstream: String) -> UpstreamSettings.Simulated {
    switch policy.upstreams.first(where: { $0.name == upstream })?.api {
    case .simulated(let settings): settings
    case .openai, nil: UpstreamSettings.Simulated()
    }
  }

  private func behaviour(
    _ said: TestBehaviour,
    _ settings: UpstreamSettings.Simulated,
    _ asked: ModelRequest?
  ) -> Behaviour {
    let limit = said.ignoresLimit ? .max : asked?.outputLimit ?? .max
    let all = said.answer.map(Self.words) ?? []
    let wanted = said.output ?? (all.isEmpty ? settings.output : all.count)
    let count = min(wanted, limit)
    let words =
      all.isEmpty
      ? (0..<count).map { $0 == 0 ? "word" : " word" }
      : Array(all.prefix(limit))
    let fault = fault(said)
    var behaviour = Behaviour(
      headDelay: (said.latency ?? settings.latency).nanoseconds,
      // An answer that comes in one piece is cut between two.
      pieces: fault == nil ? 1 : 2,
      gap: said.gap?.nanoseconds ?? 0,
      fault: fault
    )
    behaviour.answer = Behaviour.Answer(
      words: words,
      usage: usage(said, asked, completion: count * max(1, asked?.n ?? 1)),
      isCut: count < wanted
    )
    return behaviour
  }

  private func usage(_ said: TestBehaviour, _ asked: ModelRequest?, completion: Int) -> Usage {
    var reported = TestBehaviour.Usage()
    if case .said(let usage) = said.usage { reported = usage }
    let counted = asked.map { asked in
      counter.map { $0.promptTokens(of: asked) } ?? (asked.bodyBytes + 3) / 4
    }
    return Usage(
      prompt: reported.prompt ?? counted ?? 0,
      completion: reported.completion ?? (asked?.service == .embeddings ? 0 : completion),
      cached: reported.cached ?? 0,
      reasoning: reported.reasoning ?? 0
    )
  }

  private func fault(_ said: TestBehaviour) -> Fault? {
    let after = said.after ?? 0
    switch said.fault {
    case .refuse: return .refuseConnection
    case .reset: return .resetBeforeHead
    case .hang: return .stallBeforeHead
    case .stall: return .stallAfter(pieces: after)
    case .cut: return .cutAfter(pieces: after)
    case .html: return .html
    case .malformed: return .malformedJSON
    case .redirect: return .redirect
    case nil: break
    }
    if let status = said.status, status >= 300 {
      return .status(
        status,
        code: said.code ?? Self.code(of: status),
        retryAfterSeconds: said.retryAfter.map {
          Int(($0.nanoseconds + 999_999_999) / 1_000_000_000)
        }
      )
    }
    return said.usage == .none ? .missingUsage : nil
  }

  private static func code(of status: Int) -> String {
    switch status {
    case 400, 422: "invalid_value"
    case 401, 403: "invalid_api_key"
    case 404: "model_not_found"
    case 429: "rate_limit_exceeded"
    default: "server_error"
    }
  }

  /// A text in pieces that each begin a word, and that together are the text.
  private static func words(of text: String) -> [String] {
    var words: [String] = []
    for character in text {
      if words.isEmpty || character == " " {
        words.append(String(character))
      } else {
        words[words.count - 1].append(character)
      }
    }
    return words
  }

  private static func key(of subject: TestBehaviours.Subject) -> String {
    switch subject {
    case .upstream(let name): "upstream \(name)"
    case .model(let name): "model \(name)"
    }
  }
}

private struct CaseScript: AttemptScript {
  let upstream: String
  let all: CaseUpstreams

  mutating func behaviour(
    ofAttempt number: Int,
    _ request: UpstreamRequest,
    at monotonic: Int64,
    _ random: inout SeededRandom
  ) -> Behaviour {
    all.behaviour(upstream, request)
  }
}
