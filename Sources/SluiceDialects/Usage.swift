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
    /// The first that is a count, by its name in chat completions or in the Responses interface.
    func count(_ one: String, or other: String) -> Int? {
      count(one, within: value) ?? count(other, within: value)
    }
    func count(_ name: String, within parent: JSONValue?) -> Int? {
      parent.flatMap { document.member(name, of: $0) }.flatMap { document.count($0) }
    }
    func details(_ one: String, or other: String) -> JSONValue? {
      if let member = document.member(one, of: value), !document.isNull(member) { return member }
      return document.member(other, of: value).flatMap { document.isNull($0) ? nil : $0 }
    }
    let prompt = count("prompt_tokens", or: "input_tokens")
    let completion = count("completion_tokens", or: "output_tokens")
    guard (prompt ?? 0) > 0 || (completion ?? 0) > 0 else { return nil }
    let promptDetails = details("prompt_tokens_details", or: "input_tokens_details")
    let completionDetails = details("completion_tokens_details", or: "output_tokens_details")
    self.init(
      prompt: prompt ?? 0,
      completion: completion ?? 0,
      total: count("total_tokens", within: value),
      cached: count("cached_tokens", within: promptDetails) ?? 0,
      reasoning: count("reasoning_tokens", within: completionDetails) ?? 0,
      promptAudio: count("audio_tokens", within: promptDetails) ?? 0,
      completionAudio: count("audio_tokens", within: completionDetails) ?? 0
    )
  }

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
