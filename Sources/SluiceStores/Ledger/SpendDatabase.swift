internal import GRDB
internal import SluiceCore
package import SluicePipeline

/// The archive of spending in SQLite.
///
/// One row an hour, attribution and basis. A segment is added in one transaction with its number, so
/// that it counts once however often that is tried. Budgets do not depend on it.
package final class SpendDatabase: SpendArchive {
  private let queue: DatabaseQueue

  /// Opens the database at `path`, made if it is missing.
  ///
  /// With `isReadOnly` it must exist; a gateway may be writing to it.
  package init(_ path: String, isReadOnly: Bool = false) throws(LedgerFailure) {
    var configuration = Configuration()
    configuration.readonly = isReadOnly
    // A reader keeps the writer waiting for as long as one query, and the other way round.
    configuration.busyMode = .timeout(5)
    let settings = configuration
    queue = try Self.attempt { try DatabaseQueue(path: path, configuration: settings) }
    guard !isReadOnly else { return }
    try Self.attempt { [queue] in try Self.migrator.migrate(queue) }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("spend") { database in
      try database.execute(
        sql: """
          CREATE TABLE spend (
            hour INTEGER NOT NULL,
            tenant TEXT NOT NULL, user TEXT NOT NULL, tier TEXT NOT NULL,
            product TEXT NOT NULL, tag TEXT NOT NULL, model TEXT NOT NULL,
            basis TEXT NOT NULL,
            requests INTEGER NOT NULL,
            prompt INTEGER NOT NULL, cached INTEGER NOT NULL,
            completion INTEGER NOT NULL, reasoning INTEGER NOT NULL,
            nano_dollars INTEGER NOT NULL,
            PRIMARY KEY (hour, tenant, user, tier, product, tag, model, basis)
          ) WITHOUT ROWID;
          CREATE TABLE folded (segment INTEGER NOT NULL);
          INSERT INTO folded VALUES (0);
          """
      )
    }
    return migrator
  }

  package func lastSegment() throws(LedgerFailure) -> UInt64 {
    try Self.attempt { [queue] in try queue.read(Self.lastSegment(in:)) }
  }

  package func fold(
    _ totals: [SpendKey: SpendTotals],
    segment: UInt64
  ) throws(LedgerFailure) {
    try Self.attempt { [queue] in
      try queue.write { database in
        guard try Self.lastSegment(in: database) < segment else { return }
        let statement = try database.cachedStatement(
          sql: """
            INSERT INTO spend VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET
              requests = requests + excluded.requests, prompt = prompt + excluded.prompt,
              cached = cached + excluded.cached, completion = completion + excluded.completion,
              reasoning = reasoning + excluded.reasoning,
              nano_dollars = nano_dollars + excluded.nano_dollars
            """
        )
        for (key, sums) in totals {
          let who = key.attribution
          try statement.execute(arguments: [
            key.hour, who.tenant, who.user, who.tier, who.product, who.tag, who.model,
            key.basis.rawValue, sums.requests, sums.prompt, sums.cached, sums.completion,
            sums.reasoning, sums.cost.count,
          ])
        }
        try database.execute(
          sql: "UPDATE folded SET segment = ?",
          arguments: [Int64(clamping: segment)]
        )
      }
    }
  }

  package func totals(
    by dimension: SpendDimension,
    from since: Int64,
    until: Int64
  ) throws(LedgerFailure) -> (totals: [String: SpendTotals], lastSegment: UInt64) {
    try Self.attempt { [queue] in
      try queue.read { database in
        var totals: [String: SpendTotals] = [:]
        // The column is one of a closed list, never a text that somebody gave.
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT \(dimension.rawValue) AS name, SUM(requests) AS requests, SUM(prompt) AS prompt,
              SUM(cached) AS cached, SUM(completion) AS completion, SUM(reasoning) AS reasoning,
              SUM(nano_dollars) AS nano_dollars
            FROM spend WHERE hour >= ? AND hour < ? GROUP BY 1
            """,
          arguments: [since, until]
        )
        while let row = try rows.next() {
          var sums = SpendTotals()
          sums.requests = row["requests"]
          sums.prompt = row["prompt"]
          sums.cached = row["cached"]
          sums.completion = row["completion"]
          sums.reasoning = row["reasoning"]
          sums.cost = NanoDollars(row["nano_dollars"])
          totals[row["name"]] = sums
        }
        return (totals, try Self.lastSegment(in: database))
      }
    }
  }

  @Sendable
  private static func lastSegment(in database: Database) throws -> UInt64 {
    let number = try Int64.fetchOne(database, sql: "SELECT segment FROM folded") ?? 0
    return UInt64(clamping: number)
  }

  private static func attempt<Answer>(
    _ work: () throws -> Answer
  ) throws(LedgerFailure) -> Answer {
    do {
      return try work()
    } catch let error as DatabaseError {
      // The code's own words: the statement and its values stay out of logs.
      throw LedgerFailure(reason: "SQLite: \(error.resultCode)")
    } catch {
      throw LedgerFailure(reason: "SQLite: not the database that was expected")
    }
  }
}
