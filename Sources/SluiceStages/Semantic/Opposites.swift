/// Words that mean the contrary of each other, which encoders place side by side.
enum Opposites {
  /// Whether two words, stemmed, are opposites.
  static func are(_ first: String, _ second: String) -> Bool {
    let (one, other) = (root(first), root(second))
    return pairs[one]?.contains(other) ?? false || isNegated(one, other) || isNegated(other, one)
  }

  /// Stems differ in a last e: *enable* and *disabl(ed)*.
  private static func root(_ stem: String) -> String {
    stem.hasSuffix("e") && stem.count > 3 ? String(stem.dropLast()) : stem
  }

  /// `unlock` beside `lock`, `deactivate` beside `activate`.
  private static func isNegated(_ long: String, _ short: String) -> Bool {
    guard short.count >= 4, long.hasSuffix(short) else { return false }
    return prefixes.contains(String(long.dropLast(short.count)))
  }

  private static let prefixes: Set<String> = [
    "un", "de", "dis", "in", "im", "ir", "il", "non", "mis",
  ]

  private static let pairs: [String: Set<String>] = {
    var pairs: [String: Set<String>] = [:]
    for line in lines.split(separator: "\n") {
      let sides = line.split(separator: "/")
        .map { $0.split(separator: " ").map { root(WordForms.stem(String($0))) } }
      for one in sides[0] {
        for other in sides[1] {
          pairs[one, default: []].insert(other)
          pairs[other, default: []].insert(one)
        }
      }
    }
    return pairs
  }()

  // From general knowledge; each line two sides.
  private static let lines = """
    enable allow permit / disable forbid block deny prevent
    increase raise higher up more gain grow / decrease reduce lower down less lose shrink drop
    maximum max most highest / minimum min least lowest
    open / close closed shut
    start begin / stop end finish
    add create insert / remove delete
    create make / destroy
    buy purchase / sell
    accept approve / reject decline refuse deny
    lock / unlock
    login signin / logout signout
    upload / download
    send / receive
    sender / recipient receiver
    import / export
    best better good great / worst worse bad terrible
    before earlier / after later
    early / late
    first / last
    arrive arrival / depart departure leave
    win / lose
    pass / fail
    push / pull
    show / hide
    credit / debit
    input / output
    incoming / outgoing
    inside internal indoor / outside external outdoor
    new / old used
    young / old
    cheap inexpensive / expensive costly
    fast quick / slow
    long / short
    tall / short
    big large huge / small little tiny
    high / low
    hot warm / cold cool
    left / right
    wrong false / right true correct
    north northern / south southern
    east eastern / west western
    male man men boy husband brother father son / female woman women girl wife sister mother daughter
    day / night
    morning / evening
    positive / negative
    pros benefit / cons drawback
    love / hate
    public / private
    deposit / withdraw withdrawal
    join enter / leave exit quit
    lend / borrow
    hire / fire
    rich / poor
    strong / weak
    easy simple / hard difficult complex
    full / empty
    happy / sad unhappy
    single / married
    born birth / died death
    alive living / dead
    pause / resume
    mute / unmute
    expand / collapse
    encrypt / decrypt
    attach / detach
    ascending / descending
    heads / tails
    theory / practice
    import / export
    profit / loss
    winter / summer
    front / back
    top / bottom
    above / below
    with / without
    similarity similarities alike / difference differences differ
    cause causes / effect effects consequence consequences
    gain / lose
    beginner beginners / expert experts
    """
}

/// Forms of English words.
enum WordForms {
  private static let endings = [
    "ingly", "edly", "ings", "ing", "ied", "ies", "ed", "es", "s", "ly", "er",
  ]

  /// The word without its ending, where three letters stay.
  static func stem(_ word: String) -> String {
    for ending in endings where word.hasSuffix(ending) && word.count - ending.count >= 3 {
      let stem = word.dropLast(ending.count)
      return ending == "ied" || ending == "ies" ? stem + "y" : String(stem)
    }
    return word
  }

  /// Whether two stems may be one word: misspelt, or longer by an ending.
  static func areKindred(_ one: String, _ other: String) -> Bool {
    if one == other { return true }
    let shorter = min(one.count, other.count)
    guard shorter >= 3, one.count >= 4 else { return false }
    if shorter >= 4, one.hasPrefix(other) || other.hasPrefix(one) { return true }
    return distance(Array(one.utf8), Array(other.utf8), upTo: one.count < 7 ? 1 : 2)
  }

  /// Whether so many bytes changed, left out or put in make one of the other.
  private static func distance(_ one: [UInt8], _ other: [UInt8], upTo limit: Int) -> Bool {
    guard abs(one.count - other.count) <= limit else { return false }
    var row = Array(0...other.count)
    for (index, byte) in one.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in other.indices {
        let changed = diagonal + (byte == other[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(changed, row[column] + 1, diagonal + 1)
      }
    }
    return row[other.count] <= limit
  }
}
