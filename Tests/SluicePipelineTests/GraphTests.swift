import SluiceCore
import SluicePipeline
import SluiceTelemetry
import Testing

@Suite("Graphs")
struct GraphTests {
  @Test("exits are called as their cases are, in words")
  func names() {
    #expect(Fixed.Exit.names == ["goes_on", "stops"])
  }

  @Test("a walk takes the exits that its nodes choose, and counts each")
  func walk() async {
    let counters = [
      "first:goes_on": Counter(), "first:stops": Counter(), "second:stops": Counter(),
    ]
    let small = SmallGraph()
    let exchange = small.exchange(small.graph(counting: counters))
    await GraphRunner.run(exchange, service: .chat)
    #expect(exchange.trail.line(in: exchange.generation.graph) == "first:goes_on second:stops")
    #expect(counters["first:goes_on"]?.value == 1)
    #expect(counters["first:stops"]?.value == 0)
    #expect(counters["second:stops"]?.value == 1)
  }

  @Test("a service without an entry passes no node")
  func noEntry() async {
    let small = SmallGraph()
    let exchange = small.exchange(small.graph())
    await GraphRunner.run(exchange, service: .models)
    #expect(exchange.trail.steps.isEmpty)
  }

  @Test("obligations are met once, the last given first")
  func obligations() async {
    let diary = Diary()
    var small = SmallGraph()
    small.first.promise = Promise(name: "first", kept: diary)
    small.second.promise = Promise(name: "second", kept: diary)
    await GraphRunner.run(small.exchange(small.graph()), service: .chat)
    #expect(diary.all == ["second", "first"])
  }

  @Test("remarks are kept for traced exchanges only", arguments: [true, false])
  func remarks(isTraced: Bool) async {
    let small = SmallGraph()
    let exchange = small.exchange(small.graph(), isTraced: isTraced)
    await GraphRunner.run(exchange, service: .chat)
    #expect(
      exchange.trail.steps.map(\.remark) == Array(repeating: isTraced ? "because" : nil, count: 2)
    )
  }

  @Test("an exit that leads backwards is a programmer's error")
  func backwards() async {
    await #expect(processExitsWith: .failure) {
      var builder = GraphBuilder()
      let fixed = Fixed(exit: .goesOn)
      builder.add(
        .limit,
        "a",
        place: .builtIn,
        stage: fixed,
        exits: ["goes_on": "a", "stops": nil]
      )
      _ = builder.build { _, _ in Counter() }
    }
  }

  @Test("the text names every node with its settings, its place and its exits")
  func text() {
    #expect(
      GraphPrinter(SmallGraph().graph()).text == """
        chat starts at first

        first: 5/m by "user"
          from limits.yaml:3:5
          goes_on -> second
          stops   -> end

        second
          from default
          goes_on -> end
          stops   -> end

        """
    )
  }

  @Test("the picture escapes what a label may not hold")
  func dot() {
    let dot = GraphPrinter(SmallGraph().graph()).dot
    #expect(dot.contains(#"n0 [label="first\n5/m by \"user\"\nends: stops", tooltip="#))
    #expect(dot.contains(#"tooltip="first\n5/m by \"user\"\nlimits.yaml:3:5""#))
    #expect(dot.contains(#"n0 -> n1 [label="goes_on"];"#))
  }
}
