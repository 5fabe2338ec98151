package import SluiceCore
package import SluicePipeline

/// What is spent and held on every account, and which holds are open.
///
/// A pure value without lock or clock: the time comes in, in seconds since 1970, the decision goes
/// out. Accounts are found by name once a hold, and by number from then on.
///
/// An account lives from its first hold until its period is over (and `Bounds.ledgerGraceSeconds`
/// more) and nothing is held on it. A new account begins with what the same owner and key have spent
/// and hold in a period that overlaps its own, so that a policy that changes a budget from `day` to
/// `week`, or its zone, never starts from zero.
package struct BudgetBook: Sendable {
  /// An account in one period.
  struct Entry: Sendable {
    var account: Account
    var period: BudgetPeriod
    var spent: NanoDollars
    var held = NanoDollars.zero
    /// The next entry of the same account, or -1.
    var next: Int32
    /// The segment of the journal that says what this number stands for; 0: none.
    var definedIn: UInt64 = 0
    /// Whether the period was over when it was last looked at.
    var isOver = false
    var isUsed = true
  }

  /// What settled on one account, whatever the period.
  struct SeriesEntry: Sendable {
    var account: Account
    var series = SpendSeries()
    var holds = 0
    var definedIn: UInt64 = 0
    var isUsed = true
  }

  struct OpenHold: Sendable {
    var amount: NanoDollars
    var accounts: [Int32]
    var series: [Int32]
    var attribution: Attribution
    /// The number that `segment` gives the attribution.
    var attributionNumber: UInt64 = 0
    var segment: UInt64 = 0
  }

  /// What became of a claim.
  enum Ruling {
    /// The amount is held; who records it then keeps the hold with `keep`.
    case granted(UInt64, OpenHold)
    case refused(HoldDecision)
  }

  /// Entries that end at the same time.
  private struct Ending: Sendable {
    var end: Int64
    var numbers: [Int32]
  }

  var entries: [Entry] = []
  private var freeEntries: [Int32] = []
  private var firstEntry: [Account: Int32] = [:]
  /// Sorted by `end`; as many as there are different calendars in use.
  private var endings: [Ending] = []

  var series: [SeriesEntry] = []
  private var freeSeries: [Int32] = []
  private var seriesNumbers: [Account: Int32] = [:]
  private var seriesHand = 0

  var holds: [UInt64: OpenHold] = [:]
  private(set) var lastHold: UInt64 = 0
  /// The amounts of all open holds.
  private(set) var held = NanoDollars.zero

  private let accountBound: Int
  private let holdBound: Int

  package init(accounts: Int = Bounds.ledgerAccounts, holds: Int = Bounds.ledgerOpenHolds) {
    accountBound = accounts
    holdBound = holds
  }

  /// Accounts and series that are kept.
  package var accountCount: Int {
    entries.count - freeEntries.count + series.count - freeSeries.count
  }

  package var openHolds: Int { holds.count }

  // MARK: Holding

  /// Holds the claim's amount on all of its accounts, which are distinct, or on none.
  package mutating func hold(_ claim: Claim, at second: Int64) -> HoldDecision {
    switch rule(on: claim, at: second) {
    case .granted(let number, let hold):
      keep(hold, as: number)
      return .held(HoldID(number))
    case .refused(let decision): return decision
    }
  }

  /// As `hold`, but a hold that is granted is open only once it is kept.
  mutating func rule(on claim: Claim, at second: Int64) -> Ruling {
    dropFinished(at: second)
    var numbers: [Int32] = []
    var fits = true
    var missing = 0
    if !claim.charges.isEmpty { numbers.reserveCapacity(claim.charges.count) }
    for charge in claim.charges {
      let number = number(of: charge.account, in: charge.period)
      numbers.append(number)
      if number < 0 { missing += 1 }
      if available(charge, number) < claim.amount { fits = false }
    }
    guard fits else {
      return .refused(
        .short(available: zip(claim.charges, numbers).map { max(.zero, available($0, $1)) })
      )
    }
    var seriesOfHold: [Int32] = []
    for account in claim.series {
      let number = seriesNumbers[account] ?? -1
      seriesOfHold.append(number)
      if number < 0 { missing += 1 }
    }
    guard holds.count < holdBound, missing == 0 || hasRoom(for: missing, at: second) else {
      return .refused(.full)
    }
    for (place, charge) in claim.charges.enumerated() {
      if numbers[place] < 0 {
        numbers[place] = open(charge.account, charge.period, spent: inherited(by: charge))
      }
      entries[Int(numbers[place])].held += claim.amount
    }
    for (place, account) in claim.series.enumerated() {
      if seriesOfHold[place] < 0 { seriesOfHold[place] = openSeries(account) }
      series[Int(seriesOfHold[place])].holds += 1
    }
    lastHold += 1
    held += claim.amount
    return .granted(
      lastHold,
      OpenHold(
        amount: claim.amount,
        accounts: numbers,
        series: seriesOfHold,
        attribution: claim.attribution
      )
    )
  }

  /// Opens a hold that was granted.
  mutating func keep(_ hold: OpenHold, as number: UInt64) { holds[number] = hold }

  /// Books the cost in the periods in which it was held and gives back the rest.
  ///
  /// - Returns: the hold that it was and what was booked; `nil` if none is open under that number.
  mutating func settle(
    _ hold: UInt64,
    _ settlement: Settlement,
    at second: Int64
  ) -> (hold: OpenHold, cost: NanoDollars)? {
    guard let open = holds.removeValue(forKey: hold) else { return nil }
    held -= open.amount
    let cost: NanoDollars =
      switch settlement.basis {
      case .nothing: .zero
      case .reported, .counted: max(.zero, settlement.cost)
      case .held: open.amount
      }
    for number in open.accounts {
      let place = Int(number)
      entries[place].held -= open.amount
      entries[place].spent += cost
      if entries[place].isOver, entries[place].held == .zero { close(number) }
    }
    for number in open.series {
      series[Int(number)].series.add(cost, at: second)
      series[Int(number)].holds -= 1
    }
    return (open, cost)
  }

  // MARK: Reading

  package func balance(of account: Account, in period: BudgetPeriod) -> Balance {
    let number = number(of: account, in: period)
    guard number >= 0 else {
      let spent = inherited(by: account, in: period)
      return Balance(spent: spent)
    }
    return Balance(spent: entries[Int(number)].spent, held: entries[Int(number)].held)
  }

  /// What is spent and held on all accounts of `owner` that a period has, in no order.
  package func balances(
    of owner: String,
    in period: BudgetPeriod
  ) -> [(key: String, balance: Balance)] {
    entries.compactMap { entry in
      guard entry.isUsed, entry.account.owner == owner, entry.period == period else { return nil }
      return (entry.account.key, Balance(spent: entry.spent, held: entry.held))
    }
  }

  /// The owners for which something is spent or held in a period that is not over.
  package func owners(at second: Int64) -> Set<String> {
    var owners: Set<String> = []
    for entry in entries
    where entry.isUsed && entry.period.end > second && entry.spent + entry.held > .zero {
      owners.insert(entry.account.owner)
    }
    return owners
  }

  package func spending(on account: Account, within window: Int64, at wall: Int64) -> NanoDollars {
    guard let number = seriesNumbers[account] else { return .zero }
    return series[Int(number)].series.sum(within: window, at: wall)
  }

  // MARK: Putting together again

  /// An account as a record says it: known already, or opened with at least `spent`.
  mutating func restore(_ account: Account, in period: BudgetPeriod, spent: NanoDollars) -> Int32 {
    let number = number(of: account, in: period)
    guard number >= 0 else { return open(account, period, spent: spent) }
    // The same, unless this account was dropped and opened again: then the larger is the safe one.
    if entries[Int(number)].spent < spent { entries[Int(number)].spent = spent }
    return number
  }

  mutating func restoreSeries(_ account: Account) -> Int32 {
    seriesNumbers[account] ?? openSeries(account)
  }

  mutating func restore(_ hold: UInt64, _ open: OpenHold) {
    for number in open.accounts { entries[Int(number)].held += open.amount }
    for number in open.series { series[Int(number)].holds += 1 }
    holds[hold] = open
    held += open.amount
    lastHold = max(lastHold, hold)
  }

  /// No hold from now on has this number or one below it.
  mutating func skip(to hold: UInt64) { lastHold = max(lastHold, hold) }

  // MARK: Accounts

  private func number(of account: Account, in period: BudgetPeriod) -> Int32 {
    var number = firstEntry[account] ?? -1
    while number >= 0, entries[Int(number)].period != period { number = entries[Int(number)].next }
    return number
  }

  private func available(_ charge: Charge, _ number: Int32) -> NanoDollars {
    guard number >= 0 else { return charge.limit - inherited(by: charge) }
    return charge.limit - entries[Int(number)].spent - entries[Int(number)].held
  }

  private func inherited(by charge: Charge) -> NanoDollars {
    inherited(by: charge.account, in: charge.period)
  }

  /// The most that a kept entry of an overlapping period has spent and holds.
  ///
  /// What is held there settles there, so it is counted here as if it were spent.
  private func inherited(by account: Account, in period: BudgetPeriod) -> NanoDollars {
    var most = NanoDollars.zero
    var number = firstEntry[account] ?? -1
    while number >= 0 {
      let entry = entries[Int(number)]
      if entry.period.start < period.end, period.start < entry.period.end {
        most = max(most, entry.spent + entry.held)
      }
      number = entry.next
    }
    return most
  }

  private mutating func open(
    _ account: Account,
    _ period: BudgetPeriod,
    spent: NanoDollars
  ) -> Int32 {
    let entry = Entry(
      account: account,
      period: period,
      spent: spent,
      next: firstEntry[account] ?? -1
    )
    let number: Int32
    if let free = freeEntries.popLast() {
      number = free
      entries[Int(free)] = entry
    } else {
      number = Int32(entries.count)
      entries.append(entry)
    }
    firstEntry[account] = number
    expect(number, at: period.end)
    return number
  }

  private mutating func close(_ number: Int32) {
    let entry = entries[Int(number)]
    if firstEntry[entry.account] == number {
      firstEntry[entry.account] = entry.next >= 0 ? entry.next : nil
    } else {
      var before = firstEntry[entry.account] ?? -1
      while before >= 0, entries[Int(before)].next != number { before = entries[Int(before)].next }
      if before >= 0 { entries[Int(before)].next = entry.next }
    }
    entries[Int(number)].isUsed = false
    entries[Int(number)].definedIn = 0
    freeEntries.append(number)
  }

  private mutating func expect(_ number: Int32, at end: Int64) {
    var place = endings.count
    while place > 0, endings[place - 1].end > end { place -= 1 }
    if place > 0, endings[place - 1].end == end {
      endings[place - 1].numbers.append(number)
    } else {
      endings.insert(Ending(end: end, numbers: [number]), at: place)
    }
  }

  private mutating func dropFinished(
    at second: Int64,
    atMost count: Int = Bounds.ledgerDropsPerHold
  ) {
    for _ in 0..<count {
      guard let first = endings.first, first.end + Bounds.ledgerGraceSeconds <= second else {
        return
      }
      guard let number = endings[0].numbers.popLast() else {
        endings.removeFirst()
        continue
      }
      entries[Int(number)].isOver = true
      if entries[Int(number)].held == .zero { close(number) }
    }
  }

  // MARK: Series

  private mutating func openSeries(_ account: Account) -> Int32 {
    let number: Int32
    if let free = freeSeries.popLast() {
      number = free
      series[Int(free)] = SeriesEntry(account: account)
    } else {
      number = Int32(series.count)
      series.append(SeriesEntry(account: account))
    }
    seriesNumbers[account] = number
    return number
  }

  /// Whether so many more accounts fit; drops what is over or idle if they do not.
  private mutating func hasRoom(for count: Int, at second: Int64) -> Bool {
    guard accountCount + count > accountBound else { return true }
    dropFinished(at: second, atMost: 64 * Bounds.ledgerDropsPerHold)
    for _ in 0..<min(series.count, 64 * Bounds.ledgerDropsPerHold) {
      seriesHand = (seriesHand + 1) % series.count
      let entry = series[seriesHand]
      guard entry.isUsed, entry.holds == 0, entry.series.isIdle(at: second) else { continue }
      seriesNumbers[entry.account] = nil
      series[seriesHand] = SeriesEntry(account: entry.account, isUsed: false)
      freeSeries.append(Int32(seriesHand))
    }
    return accountCount + count <= accountBound
  }
}
