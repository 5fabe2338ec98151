/// The digits of a finite double, all of them: every double is a decimal fraction that ends.
///
/// `%.3f` of 1.2345 is 1.234, since the nearest double lies just below 1.2345; only the exact
/// digits tell.
struct DecimalDigits {
  /// The most significant first, without leading zeros; empty for zero.
  private var digits: [UInt8]
  /// How many of the digits stand before the decimal point; negative where zeros follow it.
  private var point: Int

  init(_ value: Double) {
    precondition(value.isFinite, "only finite numbers have digits")
    // value = significand * 2^exponent with a whole significand.
    let bits = value.significandBitPattern
    let isNormal = value.isNormal
    let significand = isNormal ? bits | 1 << 52 : bits
    let exponent = (isNormal ? Int(value.exponentBitPattern) : 1) - 1_075
    var limbs = Limbs(significand)
    // m / 2^k is m * 5^k / 10^k, so that a fraction is a whole number with its point moved.
    limbs.multiply(by: exponent < 0 ? 5 : 2, times: abs(exponent))
    digits = limbs.digits
    point = digits.count + min(0, exponent)
  }

  /// Rounds to `count` digits in all, half to even; fewer digits stay as they are.
  private mutating func round(to count: Int) {
    guard count < digits.count else { return }
    guard count >= 0 else {
      digits = []
      return
    }
    let rest = digits[count...]
    let isOdd = count > 0 && digits[count - 1] % 2 == 1
    let half = rest.first.map { ($0, rest.dropFirst().contains { $0 != 0 }) }
    let roundsUp = half.map { $0.0 > 5 || ($0.0 == 5 && ($0.1 || isOdd)) } ?? false
    digits.removeLast(digits.count - count)
    guard roundsUp else { return }
    var index = count - 1
    while index >= 0, digits[index] == 9 {
      digits[index] = 0
      index -= 1
    }
    if index >= 0 {
      digits[index] += 1
    } else {
      digits.insert(1, at: 0)
      point += 1
    }
  }

  /// With `decimals` digits behind the point: `3.142`.
  func fixed(decimals: Int) -> String {
    var rounded = self
    rounded.round(to: point + decimals)
    func digit(_ position: Int) -> Character {
      let value = rounded.digits.indices.contains(position) ? rounded.digits[position] : 0
      return Character(UnicodeScalar(value + UInt8(ascii: "0")))
    }
    let point = rounded.digits.isEmpty ? 0 : rounded.point
    var text = ""
    for position in min(0, point - 1)..<max(point, 0) where position >= 0 || point <= 0 {
      text.append(position < 0 ? "0" : digit(position))
      if position < 0 { break }
    }
    if text.isEmpty { text = "0" }
    guard decimals > 0 else { return text }
    text.append(".")
    for position in point..<(point + decimals) { text.append(digit(position)) }
    return text
  }

  /// With one digit before the point and `decimals` behind it: `1.052e+03`.
  func scientific(decimals: Int) -> String {
    var rounded = self
    rounded.round(to: decimals + 1)
    var text = ""
    for position in 0...decimals {
      if position == 1 { text.append(".") }
      let value = rounded.digits.indices.contains(position) ? rounded.digits[position] : 0
      text.append(Character(UnicodeScalar(value + UInt8(ascii: "0"))))
    }
    let exponent = rounded.digits.isEmpty ? 0 : rounded.point - 1
    let magnitude = String(exponent.magnitude)
    return text + (exponent < 0 ? "e-" : "e+") + (magnitude.utf8.count < 2 ? "0" : "") + magnitude
  }
}

/// A whole number of any size in limbs of nine decimal digits, the least first.
private struct Limbs {
  private static let base: UInt64 = 1_000_000_000
  private var limbs: [UInt32] = []

  init(_ value: UInt64) {
    var left = value
    while left > 0 {
      limbs.append(UInt32(left % Self.base))
      left /= Self.base
    }
  }

  mutating func multiply(by factor: UInt64, times: Int) {
    var left = times
    while left > 0 {
      // 5^12 and 2^12 are both below the base.
      let step = min(left, 12)
      multiply(by: (0..<step).reduce(into: 1) { power, _ in power *= factor })
      left -= step
    }
  }

  private mutating func multiply(by factor: UInt64) {
    var carry: UInt64 = 0
    for index in limbs.indices {
      let product = UInt64(limbs[index]) * factor + carry
      limbs[index] = UInt32(product % Self.base)
      carry = product / Self.base
    }
    if carry > 0 { limbs.append(UInt32(carry)) }
  }

  var digits: [UInt8] {
    guard let top = limbs.last else { return [] }
    var text = String(top)
    for limb in limbs.dropLast().reversed() {
      let part = String(limb)
      text += String(repeating: "0", count: 9 - part.utf8.count) + part
    }
    return text.utf8.map { $0 - UInt8(ascii: "0") }
  }
}
