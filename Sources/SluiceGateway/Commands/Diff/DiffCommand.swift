import SluiceCompiler
import SluiceCore
package import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceSemantics

/// `sluice diff`: which requests two policies treat differently, each shown by one that does.
package struct DiffCommand: Sendable {
  package enum Format: String, Sendable, CaseIterable { case human, json }

  package var old: String
  package var new: String
  package var format = Format.human
  package var style = FindingsStyle()
  /// How findings look on standard error.
  package var findingsStyle = FindingsStyle()
  /// Whether anything but "no change" ends with 1.
  package var failsOnChange = false
  /// The folder that the requests are written to.
  package var witnesses: String?
  /// Says where the tables of tokens lie, among others.
  package var environment: [String: String] = [:]

  package init(_ old: String, _ new: String) {
    self.old = old
    self.new = new
  }

  package func run() async -> CommandAnswer {
    if let refusal = BundlePath.objection(to: [old, new]) { return CommandAnswer(refusal) }
    let (before, after): (Policy, Policy)
    do throws(Unfit) {
      before = try policy(at: old)
      after = try policy(at: new)
    } catch {
      return error.answer
    }
    let analysis = PolicyDifference(before, after)
    let tokens: PromptCount?
    do throws(TokenTableError) {
      tokens =
        before.countsTokens || after.countsTokens
        ? PromptCount(
          try TokenCounters.of(environment: environment).counter(for: .cl100k),
          remembering: RememberedCounts()
        ) : nil
    } catch {
      return CommandAnswer(Refusal("\(error)"))
    }
    do {
      let loops = try EventLoopGroup(count: 1)
      let loop = loops.loops[0]
      let tracer = WitnessTracer(analysis, tokens: tokens)
      let (shown, identities) = await Task(executorPreference: loop) {
        (await tracer.run(in: loop), await tracer.identities(in: loop))
      }
      .value
      loops.stop()
      return answer(to: DiffReport(analysis, shown, identities: identities))
    } catch {
      return CommandAnswer(Refusal("the process gets no thread: \(error)"))
    }
  }

  private func answer(to report: DiffReport) -> CommandAnswer {
    if let witnesses {
      do throws(IOFailure) {
        try report.write(to: witnesses, tracing: new)
      } catch {
        return CommandAnswer(Refusal("cannot write to `\(witnesses)`: \(error)"))
      }
    }
    let printer = DiffPrinter(report, old: old, new: new, witnesses: witnesses)
    var answer = CommandAnswer(
      output: format == .json ? printer.json : printer.text(hasColor: style.hasColor)
    )
    if failsOnChange, report.verdict != .same { answer.status = .errors }
    return answer
  }

  private struct Unfit: Error { var answer: CommandAnswer }

  private func policy(at path: String) throws(Unfit) -> Policy {
    let (bundle, found) = BundleReader.load(paths: [path])
    let compiled = Compiler.compile(bundle, after: found)
    guard let policy = compiled.policy else {
      throw Unfit(
        answer: CommandAnswer(
          notes: compiled.findings.rendered(
            as: .human,
            of: compiled.bundle,
            style: findingsStyle
          ),
          status: .errors
        )
      )
    }
    return policy.withPaths(relativeTo: path)
  }
}

extension Policy {
  /// The same policy, whose paths do not say where its bundle lies.
  fileprivate func withPaths(relativeTo folder: String) -> Policy {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    func cut(_ path: String) -> String {
      path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }
    var policy = self
    for place in policy.upstreams.indices {
      policy.upstreams[place].authorities = policy.upstreams[place].authorities.map(cut)
      guard case .openai(var url, var secret) = policy.upstreams[place].api else { continue }
      if case .file(let path) = url { url = .file(cut(path)) }
      if case .file(let path)? = secret { secret = .file(cut(path)) }
      policy.upstreams[place].api = .openai(url: url, secret: secret)
    }
    return policy
  }
}
