package import SluiceJSON

/// The tokens that an upstream says it counted.
///
/// `cached` is part of `prompt`, `reasoning` of `completion`; audio likewise.
package struct Usage: Hashable, Sendable {
  package var prompt: Int
  package var completion: Int
  package var total: Int
  package var cached: Int
  package var reasoning: Int
  package var promptAudio: Int
  package var completionAudio: Int

  package init(
    prompt: Int,
    completion: Int,
    total: Int? = nil,
    cached: Int = 0,
    reasoning: Int = 0,
    promptAudio: Int = 0,
    completionAudio: Int = 0
  ) {
    self.prompt = prompt
    self.completion = completion
    self.total = total ?? Self.sum(prompt, completion)
    self.cached = cached
    self.reasoning = reasoning
    self.promptAudio = promptAudio
    self.completionAudio = completionAudio
  }

  /// Reads a `usage` object in the names of chat completions or of the Responses interface.
  ///
  /// - Returns: `nil` for `null`, for anything that is no object, and for an object without a count
  ///   or with none but zeros, which some upstreams send before they have counted: the caller must
  ///   then treat the cost as unknown, never as nothing.
  package init?(_ value: JSONValue?, in document: JSONDocument) {
    guard let value, document.kind(of: value) == .object else { return nil }
    var found = InlineArray<9, JSONValue?>(repeating: nil)
    document.forEachMember(of: value, named: Self.names) { place, member in
      if found[place] == nil { found[place] = member }
    }
    /// The first that is a count, in the order of the names.
    func count(_ one: JSONValue?, or other: JSONValue? = nil) -> Int? {
      one.flatMap { document.count($0) } ?? other.flatMap { document.count($0) }
    }
    func details(_ one: JSONValue?, or other: JSONValue?) -> JSONValue? {
      if let one, !document.isNull(one) { return one }
      return other.flatMap { document.isNull($0) ? nil : $0 }
    }
    func count(_ name: String, within parent: JSONValue?) -> Int? {
      count(parent.flatMap { document.member(name, of: $0) })
    }
    let prompt = count(found[0], or: found[1])
    let completion = count(found[2], or: found[3])
    guard (prompt ?? 0) > 0 || (completion ?? 0) > 0 else { return nil }
    let promptDetails = details(found[5], or: found[6])
    let completionDetails = details(found[7], or: found[8])
    self.init(
      prompt: prompt ?? 0,
      completion: completion ?? 0,
      total: count(found[4]),
      cached: count("cached_tokens", within: promptDetails) ?? 0,
      reasoning: count("reasoning_tokens", within: completionDetails) ?? 0,
      promptAudio: count("audio_tokens", within: promptDetails) ?? 0,
      completionAudio: count("audio_tokens", within: completionDetails) ?? 0
    )
  }

  /// Two names of each: of chat completions, and of the Responses interface.
  private static let names: JSONNames = [
    "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens",
    "prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
    "output_tokens_details",
  ]

  private static func sum(_ one: Int, _ two: Int) -> Int {
    let (sum, overflowed) = one.addingReportingOverflow(two)
    return overflowed ? .max : sum
  }
}

extension JSONDocument {
  /// A count of tokens: a whole number from 0 on.
  ///
  /// `12.0` counts too, since some upstreams compute
  /// their counts as doubles.
  fileprivate func count(_ value: JSONValue) -> Int? {
    if let int = int(value) { return int >= 0 ? Int(exactly: int) : nil }
    guard let double = double(value), double >= 0 else { return nil }
    return Int(exactly: double)
  }
}
