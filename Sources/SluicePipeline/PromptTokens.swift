package import SluiceDialects
internal import SluicePolicy

// What `prompt.tokens` is: the tokens of each text of the messages and of the JSON of the tools,
// and what the chat format adds around them; of other requests the tokens of each prompt.

extension TokenCounter {
  /// The tokens of a chat request as a model reads it.
  ///
  /// Exact in the texts; images and sound are not counted. Takes time in proportion to the texts.
  package func promptTokens(of asked: ModelRequest) -> Int { promptTokens(of: asked, upTo: .max) }

  /// The tokens of a chat request if they are fewer than `limit`; else `limit`, without counting on.
  package func promptTokens(of asked: ModelRequest, upTo limit: Int) -> Int {
    var tokens = asked.tokensBesideTexts
    asked.forEachCountedText { text in
      guard tokens < limit else { return }
      tokens += count(text, upTo: limit - tokens)
    }
    return min(tokens, limit)
  }

  /// Whether a chat request has fewer tokens than `limit`: told from its bounds if they tell, else
  /// counted, but no further than `limit`.
  package func promptTokens(of asked: ModelRequest, areBelow limit: Int) -> Bool {
    let bounds = promptTokenBounds(of: asked)
    if bounds.upperBound < limit { return true }
    if bounds.lowerBound >= limit { return false }
    return promptTokens(of: asked, upTo: limit) < limit
  }

  /// Between which numbers `promptTokens(of:)` lies, told from the lengths of the texts alone.
  package func promptTokenBounds(of asked: ModelRequest) -> ClosedRange<Int> {
    var lower = asked.tokensBesideTexts
    var upper = lower
    asked.forEachCountedText { text in
      lower += lowerBound(bytes: text.count)
      upper += upperBound(bytes: text.count)
    }
    return lower...upper
  }

  /// Whether each of several inputs, which a model reads one by one, has fewer tokens than `limit`.
  package func inputs(of asked: ModelRequest, areBelow limit: Int) -> Bool {
    guard asked.inputCount > 1 else { return promptTokens(of: asked, areBelow: limit) }
    var areBelow = asked.numberedTokens.longest < limit
    asked.forEachCountedText { text in
      guard areBelow, upperBound(bytes: text.count) >= limit else { return }
      areBelow = lowerBound(bytes: text.count) < limit && count(text, upTo: limit) < limit
    }
    return areBelow
  }
}

extension ModelRequest {
  /// What the chat format adds, and what was sent as tokens.
  fileprivate var tokensBesideTexts: Int {
    service == .chat ? ChatOverhead.tokens(messages: messageCount) : numberedTokens.all
  }
}

/// What the chat format adds to the texts: the marks around each message and before the answer.
package enum ChatOverhead {
  package static let tokensPerMessage = 3
  package static let tokensPerReply = 3

  package static func tokens(messages: Int) -> Int {
    messages * tokensPerMessage + tokensPerReply
  }
}
