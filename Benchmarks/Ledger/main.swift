import SluiceCore
import SluiceDialects
import SluicePipeline
import SluiceReactor
import SluiceStores

// Measures what the ledger adds to a request: a hold on three budgets and a series, its record, and
// its settlement, from tasks of one event loop, with the journal in a file.
//
//   ledger-bench FOLDER [TURN] [COUNT]    TURN requests a turn of the loop (16), COUNT in all (400,000)
//
// Prints processor time a request, all threads counted, without and with the ledger.

struct WrongUsage: Error {}

/// A journal in one file a segment, without what a gateway does around it.
final class BenchJournal: JournalMedium {
  let folder: String
  let file: AppendFile

  init(_ folder: String) throws {
    self.folder = folder
    file = try AppendFile("\(folder)/ledger-bench")
    try file.cut(to: 0)
  }

  func contents() throws(LedgerFailure) -> JournalContents { JournalContents() }
  func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8] { [] }
  func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8] { [] }
  func prepare(_ segment: UInt64) throws(LedgerFailure) {}
  func append(_ bytes: Span<UInt8>, to segment: UInt64) throws(LedgerFailure) -> Int {
    do throws(IOFailure) { return try file.append(bytes) } catch {
      throw LedgerFailure(reason: "\(error)")
    }
  }
  func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure) {}
  func sync(_ segment: UInt64) throws(LedgerFailure) {
    do throws(IOFailure) { try file.sync() } catch { throw LedgerFailure(reason: "\(error)") }
  }
  func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure) {}
  func remove(before number: UInt64) throws(LedgerFailure) {}
}

let arguments = CommandLine.arguments
guard arguments.count > 1 else { throw WrongUsage() }
let turn = arguments.count > 2 ? Int(arguments[2]) ?? 16 : 16
let count = arguments.count > 3 ? Int(arguments[3]) ?? 400_000 : 400_000

let loop = try EventLoop()
try loop.start()
let recording = try BlockingExecutor(threads: 1)
let journal = try BenchJournal(arguments[1])
let ledger = try JournaledLedger(
  journal,
  host: LedgerHost(
    later: { delay, action in
      loop.execute { _ = loop.schedule(at: loop.now.monotonic + delay, action) }
    },
    work: { action in _ = recording.startTask { action() } },
    now: { loop.now },
    tell: { _ in }
  )
)

let users = (0..<1_000).map { "user-\($0)" }

func ask(_ number: Int, withLedger: Bool) async {
  let moment = loop.now
  guard withLedger else {
    // What a request does anyway: it waits at least once.
    await loop.yield()
    return
  }
  let second = moment.wall / 1_000_000_000
  let day = BudgetPeriod(start: second - second % 86_400, end: second - second % 86_400 + 86_400)
  let user = users[number % users.count]
  let claim = Claim(
    amount: NanoDollars(1_000),
    charges: [
      Charge(
        account: Account(owner: "budget.user-day", key: user),
        period: day,
        limit: NanoDollars(.max)
      ),
      Charge(
        account: Account(owner: "budget.team-day", key: "acme"),
        period: day,
        limit: NanoDollars(.max)
      ),
      Charge(
        account: Account(owner: "budget.company", key: ""),
        period: day,
        limit: NanoDollars(.max)
      ),
    ],
    series: [Account(owner: "switch.runaway", key: "")],
    attribution: Attribution(
      tenant: "acme",
      user: user,
      tier: "free",
      product: "support",
      tag: "",
      model: "gpt-4-turbo"
    )
  )
  guard case .held(let hold) = ledger.hold(claim, at: moment) else { return }
  do throws(LedgerFailure) {
    try await ledger.recorded(hold, in: loop)
  } catch {
    return
  }
  let usage = Usage(prompt: 120, completion: 40)
  _ = ledger.settle(
    hold,
    Settlement(.reported, cost: NanoDollars(700), usage: usage),
    at: moment
  )
}

func measure(withLedger: Bool) async -> Double {
  let start = ThisProcess.processorNanoseconds
  await withTaskGroup(of: Void.self) { group in
    for place in 0..<turn {
      group.addTask(executorPreference: loop) {
        for number in 0..<count / turn {
          await ask(number * turn + place, withLedger: withLedger)
        }
      }
    }
  }
  return Double(ThisProcess.processorNanoseconds - start) / Double(count)
}

var lines = ""
for _ in 0..<3 {
  let without = await measure(withLedger: false)
  let with = await measure(withLedger: true)
  lines += "\(turn) a turn: \(Int(without)) ns without, \(Int(with)) ns with\n"
}
try Files.write(Array(lines.utf8), to: 1)
loop.stop()
loop.join()
recording.stop()
Files.remove("\(arguments[1])/ledger-bench")
