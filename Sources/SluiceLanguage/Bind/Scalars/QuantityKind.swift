import SluiceCore

/// A kind of quantity: how it is read, and how an author is told.
struct QuantityKind<Value> {
  /// With its article: `a duration`.
  let phrase: String
  let examples: [String]
  let read: (String) throws(QuantityIssue) -> Value
}

extension QuantityKind where Value == Duration {
  static var duration: Self {
    Self(phrase: "a duration", examples: ["300ms", "30s", "1h30m"], read: Duration.reading)
  }
}

extension QuantityKind where Value == RateQuantity {
  static var rate: Self {
    Self(phrase: "a rate", examples: ["100/m", "5/s"], read: RateQuantity.reading)
  }
}

extension QuantityKind where Value == NanoDollars {
  static var money: Self {
    Self(phrase: "an amount of money", examples: ["$0.10", "$1000"], read: NanoDollars.reading)
  }
}

extension QuantityKind where Value == TokenPrice {
  static var price: Self {
    Self(phrase: "a price of tokens", examples: ["$0.50/M"], read: TokenPrice.reading)
  }
}

extension QuantityKind where Value == Int {
  static var bytes: Self {
    Self(phrase: "a number of bytes", examples: ["10MiB", "32KiB"], read: ByteCount.reading)
  }

  static var count: Self {
    Self(phrase: "a count", examples: ["16", "16k", "16Ki"], read: Count.reading)
  }

  /// A share in percent, in millionths.
  static var percent: Self {
    Self(phrase: "a share", examples: ["95%"], read: Ratio.millionths)
  }
}

extension QuantityKind where Value == Double {
  static var ratio: Self {
    Self(phrase: "a ratio", examples: ["80%", "0.8"], read: Ratio.reading)
  }

  static var number: Self {
    Self(phrase: "a number", examples: ["2", "1.5"]) { text throws(QuantityIssue) in
      var scanner = QuantityScanner(text)
      let number = try scanner.number()
      guard scanner.isAtEnd else { throw .malformed }
      return number.asDouble
    }
  }
}
