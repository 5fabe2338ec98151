package import SluiceCore

extension ModelSettings {
  /// What the tokens of one model cost.
  ///
  /// A prompt that passes a threshold has the whole request counted at the rates behind it, the
  /// output too: that is how the services that have thresholds bill.
  package struct Price: Sendable, Equatable {
    /// Rates for each kind of token; every kind has one.
    package struct Rates: Sendable, Equatable {
      package var input: TokenPrice
      /// Of the input, what the upstream had in its cache.
      package var cachedInput: TokenPrice
      package var audioInput: TokenPrice
      package var output: TokenPrice
      /// Of the output, what the model thought and did not say.
      package var reasoning: TokenPrice
      package var audioOutput: TokenPrice

      /// What is not given costs what all of the input, or of the output, does.
      package init(
        input: TokenPrice,
        cachedInput: TokenPrice? = nil,
        audioInput: TokenPrice? = nil,
        output: TokenPrice,
        reasoning: TokenPrice? = nil,
        audioOutput: TokenPrice? = nil
      ) {
        self.input = input
        self.cachedInput = cachedInput ?? input
        self.audioInput = audioInput ?? input
        self.output = output
        self.reasoning = reasoning ?? output
        self.audioOutput = audioOutput ?? output
      }

      /// The most that a token of the input can cost; a cached one never makes it less.
      package var dearestInput: TokenPrice { max(input, cachedInput, audioInput) }
      package var dearestOutput: TokenPrice { max(output, reasoning, audioOutput) }
    }

    /// Rates of requests whose prompt has more than `above` tokens.
    package struct Threshold: Sendable, Equatable {
      package var above: Int
      package var rates: Rates

      package init(above: Int, rates: Rates) {
        self.above = above
        self.rates = rates
      }
    }

    /// The rates below every threshold.
    package var base: Rates
    /// Ascending, no count twice.
    package var thresholds: [Threshold]

    package init(_ base: Rates, thresholds: [Threshold] = []) {
      self.base = base
      self.thresholds = thresholds
    }

    package static let free = Price(Rates(input: .free, output: .free))

    /// The rates for a request whose prompt has that many tokens.
    package func rates(ofPrompt tokens: Int) -> Rates {
      thresholds.last { tokens > $0.above }?.rates ?? base
    }

    /// The most that a request of up to `input` and `output` tokens can cost, whatever its tokens
    /// are and on whichever side of a threshold its prompt turns out to be; rounded up.
    package func bound(input: Int, output: Int) -> NanoDollars {
      var most = NanoDollars.zero
      for number in 0...thresholds.count {
        let above = number == 0 ? -1 : thresholds[number - 1].above
        guard input > above else { break }
        let rates = number == 0 ? base : thresholds[number - 1].rates
        let highest = number == thresholds.count ? Int.max : thresholds[number].above
        most = max(
          most,
          NanoDollars(
            costOf: PricedTokens(min(input, highest), at: rates.dearestInput),
            PricedTokens(output, at: rates.dearestOutput)
          )
        )
      }
      return most
    }
  }

  /// A price and the day from which it holds.
  package struct DatedPrice: Sendable, Equatable {
    /// The first day, from midnight UTC on; `nil`: always.
    package var from: CivilDate?
    package var price: Price

    package init(from: CivilDate? = nil, _ price: Price) {
      self.from = from
      self.price = price
    }
  }

  /// The price in force at a time in nanoseconds since 1970; `nil` if the model is not priced.
  ///
  /// Before the first of its days the first price holds, so that a priced model is never unpriced.
  package func price(atWall nanoseconds: Int64) -> Price? {
    guard prices.count > 1 else { return prices.first?.price }
    let day = nanoseconds.flooredDivision(by: 86_400_000_000_000).quotient
    let current = prices.last { price in price.from.map { $0.daysSince1970 <= day } ?? true }
    return (current ?? prices[0]).price
  }

  package var isPriced: Bool { !prices.isEmpty }
}
