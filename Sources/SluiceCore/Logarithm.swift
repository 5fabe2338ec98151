/// Logarithms and their opposite, without a mathematics library: they are needed below Foundation.
package enum Logarithm {
  private static let ofTwo = 0.693_147_180_559_945_309_4

  /// The natural logarithm of a positive number, to some 1e-16 of it.
  package static func natural(_ value: Double) -> Double {
    precondition(value > 0, "only positive numbers have one")
    // Between √½ and √2, the series of the inverse hyperbolic tangent is short.
    var exponent = Double(value.exponent)
    var rest = value.significand
    if rest > 1.414_213_562 {
      rest /= 2
      exponent += 1
    }
    let ratio = (rest - 1) / (rest + 1)
    let square = ratio * ratio
    var term = ratio
    var sum = ratio
    for divisor in stride(from: 3.0, through: 23, by: 2) {
      term *= square
      sum += term / divisor
    }
    return exponent * ofTwo + 2 * sum
  }

  /// e to the power of `value`; 0 below what a double holds.
  package static func exponential(_ value: Double) -> Double {
    guard value > -745 else { return 0 }
    guard value < 709.7 else { return .infinity }
    let exponent = (value / ofTwo).rounded()
    let rest = value - exponent * ofTwo
    var term = 1.0
    var sum = 1.0
    for divisor in 1...18 {
      term *= rest / Double(divisor)
      sum += term
    }
    return Double(sign: .plus, exponent: Int(exponent), significand: sum)
  }

  /// The logarithm of the factorial of a whole number, by Stirling's series from 16 on.
  package static func factorial(_ number: Double) -> Double {
    var shift = 0.0
    var x = number + 1
    while x < 16 {
      shift += natural(x)
      x += 1
    }
    let inverse = 1 / x
    let square = inverse * inverse
    let series =
      inverse * (1 / 12.0 - square * (1 / 360.0 - square * (1 / 1_260.0 - square / 1_680)))
    return (x - 0.5) * natural(x) - x + 0.918_938_533_204_672_741_8 + series - shift
  }
}
