import Foundation
import Testing

@testable import SluiceCore

@Suite("Wrong share")
struct WrongShareTests {
  @Test("one percent at 95 % takes 299, 473, 628 judged with none, one, two wrong")
  func needed() {
    let needed = (0...2).map { WrongShare.needed(wrong: $0, for: 0.01, confidence: 0.95) }
    #expect(needed == [299, 473, 628])
  }

  @Test("with none wrong, the bound is the root of what is left of certainty")
  func none() {
    for total in [1, 10, 299, 10_000] {
      let expected = 1 - pow(0.05, 1 / Double(total))
      let bound = WrongShare.upperBound(wrong: 0, of: total, confidence: 0.95)
      #expect(abs(bound - expected) < 1e-12)
    }
  }

  @Test("the bound is where the binomial tail is what is left, summed term by term")
  func tail() {
    for (wrong, total) in [(1, 5), (3, 20), (7, 300), (19, 20), (40, 100)] {
      let bound = WrongShare.upperBound(wrong: wrong, of: total, confidence: 0.95)
      var tail = 0.0
      for count in 0...wrong {
        var power = gamma(total) - gamma(count) - gamma(total - count)
        power += Double(count) * log(bound)
        power += Double(total - count) * log(1 - bound)
        tail += exp(power)
      }
      #expect(abs(tail - 0.05) < 1e-9, "\(wrong) of \(total)")
      // What is wrong the other way round is right.
      let lower = WrongShare.lowerBound(wrong: total - wrong, of: total, confidence: 0.95)
      #expect(abs(lower - (1 - bound)) < 1e-9)
    }
  }

  /// The logarithm of a factorial, by the C library.
  private func gamma(_ number: Int) -> Double { lgamma(Double(number + 1)) }

  @Test("is bounded by what is no less than the bound")
  func bounded() {
    for (wrong, total) in [(0, 299), (1, 473), (2, 628), (7, 300), (0, 1), (3, 4)] {
      let bound = WrongShare.upperBound(wrong: wrong, of: total, confidence: 0.95)
      for (share, expected) in [(bound + 1e-9, true), (bound - 1e-9, false)] {
        #expect(
          WrongShare.isBounded(by: share, wrong: wrong, of: total, confidence: 0.95) == expected
        )
      }
    }
    #expect(!WrongShare.isBounded(by: 0.99, wrong: 0, of: 0, confidence: 0.95))
    #expect(!WrongShare.isBounded(by: 0.99, wrong: 2, of: 2, confidence: 0.95))
  }

  @Test("is written in percent, rounded up")
  func text() {
    let texts = [0.01, 0.0116, 0.011_601, 0.05, 0, 1, 0.123_45, 0.001].map(WrongShare.text)
    #expect(texts == ["1%", "1.16%", "1.17%", "5%", "0%", "100%", "12.35%", "0.1%"])
  }

  @Test("nothing judged bounds nothing, and all wrong is all")
  func extremes() {
    #expect(WrongShare.upperBound(wrong: 0, of: 0, confidence: 0.95) == 1)
    #expect(WrongShare.upperBound(wrong: 4, of: 4, confidence: 0.95) == 1)
    #expect(WrongShare.lowerBound(wrong: 0, of: 9, confidence: 0.95) == 0)
  }

  @Test("logarithms agree with the C library's")
  func logarithms() {
    for value in [1e-300, 0.001, 0.5, 0.99999, 1, 1.5, 2, 3, 28_500, 1e300] {
      #expect(abs(Logarithm.natural(value) - log(value)) <= 1e-15 * max(1, abs(log(value))))
    }
    for value in [-700, -20, -1, -1e-9, 0, 0.5, 1, 30, 700] as [Double] {
      #expect(abs(Logarithm.exponential(value) / exp(value) - 1) < 1e-13)
    }
    for value in [0, 1, 5, 20, 170, 1e6] as [Double] {
      let expected = gamma(Int(value))
      #expect(abs(Logarithm.factorial(value) - expected) < 1e-12 * max(1, expected))
    }
  }
}
