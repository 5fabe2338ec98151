package import SluiceDialects
internal import SluicePolicy

// What `prompt.tokens` is: the tokens of each text of the messages and of the JSON of the tools,
// and what the chat format adds around them; of other requests the tokens of each prompt.

extension TokenCounter {
  /// The tokens of a chat request as a model reads it.
  ///
  /// Exact in the texts; images and sound are not counted. Takes time in proportion to the texts.
  package func promptTokens(of chat: ChatRequest) -> Int { promptTokens(of: chat, upTo: .max) }

  /// The tokens of a chat request if they are fewer than `limit`; else `limit`, without counting on.
  package func promptTokens(of chat: ChatRequest, upTo limit: Int) -> Int {
    var tokens = chat.tokensBesideTexts
    chat.forEachCountedText { text in
      guard tokens < limit else { return }
      tokens += count(text, upTo: limit - tokens)
    }
    return min(tokens, limit)
  }

  /// Whether a chat request has fewer tokens than `limit`: told from its bounds if they tell, else
  /// counted, but no further than `limit`.
  package func promptTokens(of chat: ChatRequest, areBelow limit: Int) -> Bool {
    let bounds = promptTokenBounds(of: chat)
    if bounds.upperBound < limit { return true }
    if bounds.lowerBound >= limit { return false }
    return promptTokens(of: chat, upTo: limit) < limit
  }

  /// Between which numbers `promptTokens(of:)` lies, told from the lengths of the texts alone.
  package func promptTokenBounds(of chat: ChatRequest) -> ClosedRange<Int> {
    var lower = chat.tokensBesideTexts
    var upper = lower
    chat.forEachCountedText { text in
      lower += lowerBound(bytes: text.count)
      upper += upperBound(bytes: text.count)
    }
    return lower...upper
  }

  /// Whether each of several inputs, which a model reads one by one, has fewer tokens than `limit`.
  package func inputs(of chat: ChatRequest, areBelow limit: Int) -> Bool {
    guard chat.inputCount > 1 else { return promptTokens(of: chat, areBelow: limit) }
    var areBelow = chat.numberedTokens.longest < limit
    chat.forEachCountedText { text in
      guard areBelow, upperBound(bytes: text.count) >= limit else { return }
      areBelow = lowerBound(bytes: text.count) < limit && count(text, upTo: limit) < limit
    }
    return areBelow
  }
}

extension ChatRequest {
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
