/// The names of a candidate's nodes.
struct Candidate {
  let goal: String
  let model: String

  func first(isGuarded: Bool) -> String { isGuarded ? breaker(1) : attempt(1) }
  func breaker(_ number: Int) -> String { "breaker \(suffix(number))" }
  func attempt(_ number: Int) -> String { "attempt \(suffix(number))" }
  func retry(_ number: Int) -> String { "retry \(suffix(number))" }

  private func suffix(_ number: Int) -> String {
    number == 1 ? "\(goal)/\(model)" : "\(goal)/\(model) try \(number)"
  }
}
