import SluiceCore
import SluicePipeline
import Testing

@testable import SluiceStores

@Suite("The book of budgets")
struct BudgetBookTests {
  private let noon: Int64 = 1_772_366_400
  private var today: BudgetPeriod { .day(of: noon) }

  private func claim(
    _ amount: Int64,
    _ limits: [(Account, Int64)],
    in period: BudgetPeriod? = nil
  ) -> Claim {
    Claim(
      amount: NanoDollars(amount),
      charges: limits.map {
        Charge(account: $0.0, period: period ?? today, limit: NanoDollars($0.1))
      },
      attribution: .ada
    )
  }

  private func settled(_ book: inout BudgetBook, _ decision: HoldDecision, _ cost: Int64) {
    #expect(book.settle(decision.hold.number, .cost(cost), at: noon) != nil)
  }

  @Test("holds on all accounts or on none, and says what is left of each")
  func allOrNone() {
    var book = BudgetBook()
    #expect(book.hold(claim(60, [(.user, 100), (.company, 100)]), at: noon) == .held(HoldID(1)))
    let refused = book.hold(claim(50, [(.user, 1_000), (.company, 100)]), at: noon)
    #expect(refused == .short(available: [NanoDollars(940), NanoDollars(40)]))
    #expect(book.balance(of: .user, in: today) == Balance(0, held: 60))
    #expect(book.hold(claim(40, [(.user, 100), (.company, 100)]), at: noon) == .held(HoldID(2)))
  }

  @Test("knows whose money is counted, as long as the period lasts")
  func owners() {
    var book = BudgetBook()
    #expect(book.owners(at: noon).isEmpty)
    let hold = book.hold(claim(60, [(.user, 100)]), at: noon)
    #expect(book.owners(at: noon) == [Account.user.owner])
    settled(&book, hold, 0)
    #expect(book.owners(at: noon).isEmpty)
    settled(&book, book.hold(claim(60, [(.user, 100)]), at: noon), 10)
    #expect(book.owners(at: noon) == [Account.user.owner])
    #expect(book.owners(at: noon + 86_400).isEmpty)
  }

  @Test("fills an account to its limit and not beyond")
  func exact() {
    var book = BudgetBook()
    var granted = 0
    for _ in 0..<300 {
      if case .held = book.hold(claim(10, [(.user, 105)]), at: noon) { granted += 1 }
    }
    #expect(granted == 10)
    #expect(book.balance(of: .user, in: today) == Balance(0, held: 100))
  }

  @Test("a lowered limit binds new holds, and what is left is never negative")
  func lowered() {
    var book = BudgetBook()
    _ = book.hold(claim(80, [(.user, 100)]), at: noon)
    #expect(
      book.hold(claim(1, [(.user, 50)]), at: noon) == .short(available: [.zero])
    )
  }

  @Test("settles in the period of the hold, though another has begun")
  func rollover() {
    var book = BudgetBook()
    let hold = book.hold(claim(60, [(.user, 100)]), at: noon)
    let tomorrow = BudgetPeriod.day(of: noon + 86_400)
    let later = noon + 86_400
    #expect(book.hold(claim(100, [(.user, 100)], in: tomorrow), at: later) != .full)
    #expect(book.balance(of: .user, in: today) == Balance(0, held: 60))
    #expect(book.settle(hold.hold.number, .cost(25), at: later)?.cost == NanoDollars(25))
    #expect(book.balance(of: .user, in: tomorrow) == Balance(0, held: 100))
    // Nothing is held in it any more: it is gone.
    #expect(book.balance(of: .user, in: today) == Balance(0))
    #expect(book.accountCount == 1)
  }

  @Test("an account of another period begins with what an overlapping one spent and holds")
  func inherits() {
    var book = BudgetBook()
    settled(&book, book.hold(claim(60, [(.user, 100)]), at: noon), 50)
    _ = book.hold(claim(20, [(.user, 100)]), at: noon)
    let week = BudgetPeriod(start: today.start - 3 * 86_400, end: today.start + 4 * 86_400)
    #expect(book.balance(of: .user, in: week) == Balance(70))
    #expect(
      book.hold(claim(40, [(.user, 100)], in: week), at: noon)
        == .short(available: [NanoDollars(30)])
    )
    #expect(book.hold(claim(30, [(.user, 100)], in: week), at: noon) == .held(HoldID(3)))
    #expect(book.balance(of: .user, in: week) == Balance(70, held: 30))
    let tomorrow = BudgetPeriod.day(of: noon + 86_400)
    #expect(book.balance(of: .company, in: tomorrow) == Balance(0))
  }

  @Test("a full table refuses a new account, and takes it when a period is over")
  func bounded() {
    var book = BudgetBook(accounts: 3)
    for key in ["a", "b", "c"] {
      let account = Account(owner: "budget.user-day", key: key)
      #expect(book.hold(claim(0, [(account, 1)]), at: noon) != .full)
    }
    #expect(book.hold(claim(0, [(.user, 1)]), at: noon) == .full)
    // Nothing was opened by the refusal, and known accounts are served.
    #expect(book.accountCount == 3)
    let known = Account(owner: "budget.user-day", key: "a")
    #expect(book.hold(claim(0, [(known, 1)]), at: noon) != .full)
    for hold in 1...4 { _ = book.settle(UInt64(hold), Settlement(.nothing), at: noon) }
    let later = today.end + Bounds.ledgerGraceSeconds
    let tomorrow = BudgetPeriod.day(of: later)
    #expect(book.hold(claim(0, [(.user, 1)], in: tomorrow), at: later) != .full)
    #expect(book.accountCount == 1)
  }

  @Test("a full table of holds refuses the next")
  func holds() {
    var book = BudgetBook(holds: 2)
    let first = book.hold(claim(1, []), at: noon)
    _ = book.hold(claim(1, []), at: noon)
    #expect(book.hold(claim(1, []), at: noon) == .full)
    settled(&book, first, 1)
    #expect(book.hold(claim(1, []), at: noon) != .full)
  }

  @Test("without charges everything fits")
  func free() {
    var book = BudgetBook()
    #expect(book.hold(claim(.max, []), at: noon) == .held(HoldID(1)))
  }

  @Test("a hold settles once, at nothing, at its cost, or at its amount")
  func bases() {
    var book = BudgetBook()
    for (settlement, spent) in [
      (Settlement(.nothing, cost: NanoDollars(7)), 0), (.cost(40), 40), (Settlement(.held), 100),
      (Settlement(.counted, cost: NanoDollars(5)), 105),
    ] {
      let before = book.balance(of: .user, in: today).spent
      let hold = book.hold(claim(60, [(.user, 1_000)]), at: noon).hold
      let settled = book.settle(hold.number, settlement, at: noon)
      #expect(book.balance(of: .user, in: today) == Balance(Int64(spent)))
      #expect(settled?.cost == book.balance(of: .user, in: today).spent - before)
      #expect(book.settle(hold.number, settlement, at: noon) == nil)
    }
    #expect(book.held == .zero)
  }
}
