import SluiceCore
import SluiceDialects
package import SluicePipeline
import SluicePolicy
package import SluiceTelemetry
internal import Synchronization

/// Says what an attempt used: as the upstream counted it, else as we do.
///
/// One for all generations. What is counted is counted with the model's `tokenizer`, else with
/// `cl100k`, on the loop while it is short, elsewhere when it is long or the table is not in memory.
package final class UsageMeter: Sendable {
  /// Of so many answers that an upstream counted, one is counted by us too.
  ///
  /// Counting all of them would cost as much as serving them.
  package static let reconciledShare = 32

  private let tokenizers: any Tokenizers
  private let workers: any Workers
  private let metrics: MetricsRegistry
  private let answers = Atomic(0)

  /// - Parameters:
  ///   - tokenizers: without a table nothing is counted, only bounded.
  ///   - workers: count what is long.
  ///   - metrics: get what both we and an upstream counted.
  package init(
    tokenizers: any Tokenizers = NoTokenizers(),
    workers: any Workers = WorkInPlace(),
    metrics: MetricsRegistry = MetricsRegistry()
  ) {
    self.tokenizers = tokenizers
    self.workers = workers
    self.metrics = metrics
  }

  /// A tally for a stream of a model.
  func tally(for settings: ModelSettings) -> OutputTally {
    OutputTally(tokenizers.ready(settings.countedBy))
  }

  /// A tally that counts, if its table can be had, and how much it may count until an answer is
  /// beyond `tokens`.
  ///
  /// Exact for a model that names its tokenizer; for another `cl100k` decides, since a limit on money
  /// may end an answer early but not late. Without a table a token has `Bounds.bytesPerToken` at most.
  func tally(
    for settings: ModelSettings,
    within tokens: Int
  ) async -> (tally: OutputTally, limit: Int) {
    let tokenizer = settings.countedBy
    var counter = tokenizers.ready(tokenizer)
    if counter == nil {
      counter = await workers.run { [tokenizers] in tokenizers.loaded(tokenizer) } ?? nil
    }
    let tally = OutputTally(counter)
    let factor = counter == nil ? Bounds.bytesPerToken : 1
    return (tally, min(tokens, Bounds.exchangeTokens) * factor)
  }

  /// The tokens of a prompt by the tokenizer that the model names; `nil` if it names none, or if
  /// nothing can count.
  ///
  /// Once an exchange. Long prompts are counted off the loop.
  func inputTokens(
    of asked: ModelRequest,
    in exchange: Exchange,
    at settings: ModelSettings
  ) async -> Int? {
    guard let tokenizer = settings.tokenizer else { return nil }
    if let known = exchange.countedInput, known.tokenizer == tokenizer { return known.tokens }
    let tokens: Int?
    if tokenizer == .cl100k, let counted = exchange.promptTokens(upTo: .max) {
      tokens = counted
    } else if let counter = tokenizers.ready(tokenizer),
      exchange.request.body.count <= Bounds.loopCountBytes
    {
      tokens = counter.promptTokens(of: asked)
    } else {
      tokens =
        await workers.run { [tokenizers] in
          tokenizers.loaded(tokenizer).map { $0.promptTokens(of: asked) }
        } ?? nil
    }
    guard let tokens else { return nil }
    // What a model reads beside messages and tools; as bytes, of which there are more.
    let all = tokens + asked.formatBytes
    exchange.countedInput = (tokenizer, all)
    return all
  }

  /// Books what an attempt used, if it began to answer: `exchange.use`.
  ///
  /// An attempt that did not is taken to have cost nothing. On the exchange's loop, which it leaves
  /// to count what is long.
  @discardableResult
  func book(
    _ exchange: Exchange,
    model: ModelIndex,
    settings: ModelSettings
  ) async -> Booking? {
    guard let use = exchange.use, let asked = exchange.facts.asked else { return nil }
    exchange.use = nil
    let usage: Usage
    let source: CountSource
    if let reported = use.reported, use.isWhole {
      (usage, source) = (reported, .upstream)
      reconcile(reported, use, asked, settings)
    } else {
      (usage, source) = await count(use, asked, of: exchange, settings)
    }
    let cost = settings.price(atWall: exchange.startedAt.wall)
      .map { Metering.cost(of: usage, at: $0) }
    let booking = Booking(model: model, usage: usage, source: source, cost: cost)
    exchange.book(booking)
    return booking
  }

  /// Counts what the upstream did not.
  ///
  /// What a broken stream's upstream had counted by then may be behind what it said: the larger
  /// number is taken.
  private func count(
    _ use: AttemptUse,
    _ asked: ModelRequest,
    of exchange: Exchange,
    _ settings: ModelSettings
  ) async -> (Usage, CountSource) {
    let body = exchange.request.body
    let reported = use.reported
    let prompt: Int?
    if let count = reported?.prompt, count > 0 {
      prompt = count
    } else if settings.countedBy == .cl100k {
      prompt = exchange.facts.promptTokens
    } else {
      prompt = nil
    }
    let tokenizer = settings.countedBy
    let own: OwnCount
    let size = use.output.bytes + (prompt == nil ? body.count : 0)
    if let counter = tokenizers.ready(tokenizer), size <= Bounds.loopCountBytes {
      own = OwnCount(use.output, prompt: prompt, of: asked, with: counter)
    } else {
      let counted = await workers.run { [tokenizers] in
        OwnCount(
          use.output,
          prompt: prompt,
          of: asked,
          with: tokenizers.loaded(tokenizer)
        )
      }
      own = counted ?? OwnCount(boundOf: use.output, prompt: prompt ?? body.count)
    }
    guard var usage = reported else {
      return (Usage(prompt: own.prompt, completion: own.completion), own.source)
    }
    if usage.prompt > 0, usage.completion >= own.completion { return (usage, .upstream) }
    usage.prompt = own.prompt
    usage.completion = max(usage.completion, own.completion)
    usage.total = usage.prompt + usage.completion
    return (usage, own.source)
  }

  /// Counts some of the answers that the upstream counted, and puts both numbers side by side.
  ///
  /// Nobody waits for it. Left out is what we cannot see: images, sound, reasoning.
  private func reconcile(
    _ reported: Usage,
    _ use: AttemptUse,
    _ asked: ModelRequest,
    _ settings: ModelSettings
  ) {
    guard let counter = tokenizers.ready(settings.countedBy) else { return }
    let turn = answers.wrappingAdd(1, ordering: .relaxed).oldValue
    guard turn % Self.reconciledShare == 0, reported.reasoning == 0, reported.promptAudio == 0,
      reported.completionAudio == 0, asked.isTextOnly
    else { return }
    let meters = metrics.meters(of: settings.name)
    // Left out while too much waits: it is a sample.
    _ = workers.start {
      let own = OwnCount(use.output, prompt: nil, of: asked, with: counter)
      guard own.source == .counted else { return }
      meters.reconciledInput.add(upstream: reported.prompt, counted: own.prompt)
      meters.reconciledOutput.add(upstream: reported.completion, counted: own.completion)
    }
  }
}

/// Our own count of an attempt.
private struct OwnCount: Sendable {
  var prompt: Int
  var completion: Int
  var source: CountSource

  /// Counts; without a counter, bounds; `prompt` is `nil` if it is not known.
  init(
    _ output: AttemptUse.Output,
    prompt: Int?,
    of asked: ModelRequest,
    with counter: (any TokenCounter)?
  ) {
    source = .counted
    if let prompt {
      self.prompt = prompt
    } else if let counter {
      self.prompt = counter.promptTokens(of: asked)
    } else {
      var bytes = ChatOverhead.tokens(messages: asked.messageCount)
      asked.forEachCountedText { bytes += $0.count }
      self.prompt = bytes
      source = .bounded
    }
    var tally = OutputTally(counter)
    switch output {
    case .bytes(let count):
      completion = count
      if count > 0 { source = .bounded }
      return
    case .whole(let reply): tally.text.add(reply)
    case .stream(let stream): tally = stream.counting(with: counter)
    }
    completion = tally.total
    if !tally.isExact { source = .bounded }
  }

  /// Bounds, without looking at a text.
  init(boundOf output: AttemptUse.Output, prompt: Int) {
    self.prompt = prompt
    completion = output.bytes
    source = .bounded
  }
}

extension AttemptUse.Output {
  /// Bytes that there are to count; no less than its tokens.
  fileprivate var bytes: Int {
    switch self {
    case .bytes(let count): count
    case .whole(let reply): reply.bytes
    case .stream(let tally): tally.upperBound
    }
  }
}

extension ModelSettings {
  /// What counts for it: the tokenizer that it names, else the one of `prompt.tokens`.
  fileprivate var countedBy: Tokenizer { tokenizer ?? .cl100k }
}
