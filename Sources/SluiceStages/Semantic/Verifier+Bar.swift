extension Verifier.Rule {
  /// The rule with another bar; what cannot be compared word by word needs no less than that.
  package init(bar: Double) {
    self.init()
    self.bar = Float(bar)
    wholeBar = max(wholeBar, self.bar)
  }
}
