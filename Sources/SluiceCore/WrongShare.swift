/// Bounds on a share from a count: how often something is wrong, judged by a sample.
package enum WrongShare {
  /// The one-sided upper bound of Clopper and Pearson: the share at which so few wrong ones would
  /// still be seen with a chance of 1 − `confidence`.
  ///
  /// Exact, so never too low whatever the share is. 1 for a sample of nothing, or where all are
  /// wrong.
  ///
  /// - Parameters:
  ///   - wrong: how many of the sample are wrong.
  ///   - total: how many the sample holds.
  ///   - confidence: how sure the bound is, between 0 and 1.
  /// - Returns: a share from 0 to 1.
  package static func upperBound(wrong: Int, of total: Int, confidence: Double) -> Double {
    check(wrong, total, confidence)
    guard wrong < total else { return 1 }
    return solve { isExcluded($0, wrong, total, confidence) }
  }

  /// Whether the upper bound is at most `share`, which is told sooner than the bound itself.
  package static func isBounded(
    by share: Double,
    wrong: Int,
    of total: Int,
    confidence: Double
  ) -> Bool {
    check(wrong, total, confidence)
    return share >= 1 || wrong < total && isExcluded(share, wrong, total, confidence)
  }

  /// Whether so few would be seen too seldom at that share: as it grows they become less likely, by the
  /// beta distribution's tail.
  private static func isExcluded(
    _ share: Double,
    _ wrong: Int,
    _ total: Int,
    _ confidence: Double
  ) -> Bool {
    1 - beta(share, Double(wrong + 1), Double(total - wrong)) <= 1 - confidence
  }

  /// The one-sided lower bound: the share at which so many would still be seen with a chance of
  /// 1 − `confidence`; 0 where none is wrong.
  package static func lowerBound(wrong: Int, of total: Int, confidence: Double) -> Double {
    check(wrong, total, confidence)
    guard wrong > 0 else { return 0 }
    return solve { beta($0, Double(wrong), Double(total - wrong + 1)) >= 1 - confidence }
  }

  /// How many must be judged, with `wrong` of them wrong, for an upper bound of `share`.
  ///
  /// For 1 % at 95 %: 299, 473 and 628 with none, one and two.
  package static func needed(wrong: Int, for share: Double, confidence: Double) -> Int {
    precondition(share > 0 && share < 1, "a share between nothing and all")
    var high = wrong + 1
    while upperBound(wrong: wrong, of: high, confidence: confidence) > share { high *= 2 }
    var low = high / 2
    while high - low > 1 {
      let middle = (low + high) / 2
      if middle > wrong, upperBound(wrong: wrong, of: middle, confidence: confidence) <= share {
        high = middle
      } else {
        low = middle
      }
    }
    return high
  }

  /// A share in percent, rounded up to two decimals: `1.16%`.
  package static func text(_ share: Double) -> String {
    // What is exact in decimals must not be rounded up for being inexact in binary.
    let hundredths = Int((share * 10_000 - 1e-9).rounded(.up))
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    guard rest > 0 else { return "\(whole)%" }
    let digits = rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)"
    return "\(whole).\(digits)%"
  }

  private static func check(_ wrong: Int, _ total: Int, _ confidence: Double) {
    precondition(wrong >= 0 && wrong <= total, "no more are wrong than there are")
    precondition(confidence > 0 && confidence < 1, "a confidence between none and certainty")
  }

  /// The least share, to 2⁻⁵², that `isReached`, which is so from some share on.
  private static func solve(_ isReached: (Double) -> Bool) -> Double {
    var (low, high) = (0.0, 1.0)
    for _ in 0..<52 {
      let middle = (low + high) / 2
      if isReached(middle) { high = middle } else { low = middle }
    }
    return high
  }

  /// The regularised incomplete beta function of whole `a` and `b`, which is a binomial tail: the
  /// chance of `a` or more among `a + b − 1`.
  private static func beta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    // The fraction converges fast below the mean; above it, the other tail is computed.
    let front = power(x, a, b)
    return x < (a + 1) / (a + b + 2)
      ? front * fraction(x, a, b) / a : 1 - front * fraction(1 - x, b, a) / b
  }

  /// xᵃ(1 − x)ᵇ / B(a, b), by logarithms.
  private static func power(_ x: Double, _ a: Double, _ b: Double) -> Double {
    Logarithm.exponential(
      a * Logarithm.natural(x) + b * Logarithm.natural(1 - x)
        - Logarithm.factorial(a - 1) - Logarithm.factorial(b - 1)
        + Logarithm.factorial(a + b - 1)
    )
  }

  /// The continued fraction of the incomplete beta function, by Lentz's method.
  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    func away(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0
    var d = 1 / away(1 - (a + b) * x / (a + 1))
    var product = d
    for index in 1...Bounds.fractionTerms {
      let m = Double(index)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / away(1 + even * d)
      c = away(1 + even / c)
      product *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / away(1 + odd * d)
      c = away(1 + odd / c)
      product *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return product
  }
}
