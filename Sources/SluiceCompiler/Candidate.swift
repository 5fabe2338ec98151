/// The names of a candidate's nodes.
struct Candidate {
  let goal: String
  let model: String

  func first(isGuarded: Bool, isHeld: Bool) -> String {
    start(1, isGuarded: isGuarded, isHeld: isHeld)
  }

  /// Where a try begins.
  func start(_ number: Int, isGuarded: Bool, isHeld: Bool) -> String {
    isGuarded ? breaker(number) : isHeld ? hold(number) : attempt(number)
  }

  func breaker(_ number: Int) -> String { "breaker \(suffix(number))" }
  func hold(_ number: Int) -> String { "hold \(suffix(number))" }
  func attempt(_ number: Int) -> String { "attempt \(suffix(number))" }
  func retry(_ number: Int) -> String { "retry \(suffix(number))" }

  private func suffix(_ number: Int) -> String {
    number == 1 ? "\(goal)/\(model)" : "\(goal)/\(model) try \(number)"
  }
}
