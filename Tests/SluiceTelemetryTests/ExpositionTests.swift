import SluiceCore
import SluiceTelemetry
import Testing

@Suite("The metrics page")
struct ExpositionTests {
  @Test("stands in the order of names and label values, whatever the order of counting")
  func isSorted() {
    let family = CounterFamily(counter: "b_total", help: "B.", labels: ["x", "y"])
    family["2", "1"].increment()
    family["1", "2"].increment(by: 3)
    family["1", "1"].increment()
    let gauge = GaugeFamily(gauge: "a", help: "A.")
    gauge[].set(-4)
    #expect(
      text([family, gauge]) == """
        # HELP a A.
        # TYPE a gauge
        a -4
        # HELP b_total B.
        # TYPE b_total counter
        b_total{x="1",y="1"} 1
        b_total{x="1",y="2"} 3
        b_total{x="2",y="1"} 1

        """
    )
  }

  @Test("escapes backslash, quote and line feed in labels, backslash and line feed in help")
  func escapes() {
    let family = CounterFamily(counter: "c_total", help: "a \\ \"b\"\nc", labels: ["l"])
    family["x\\y\"z\n"].increment()
    #expect(
      text([family]) == #"""
        # HELP c_total a \\ "b"\nc
        # TYPE c_total counter
        c_total{l="x\\y\"z\n"} 1

        """#
    )
  }

  @Test("adds buckets up and counts a value that equals a bound below it")
  func histogram() {
    let family = HistogramFamily(
      histogram: "d_seconds",
      help: "D.",
      bounds: [10_000, 500_000_000, 2_500_000_000]
    )
    for nanoseconds in [10_000, 10_001, 3_000_000_000, -5] as [Int64] {
      family[].observe(nanoseconds: nanoseconds)
    }
    #expect(
      text([family]) == """
        # HELP d_seconds D.
        # TYPE d_seconds histogram
        d_seconds_bucket{le="0.00001"} 2
        d_seconds_bucket{le="0.5"} 3
        d_seconds_bucket{le="2.5"} 3
        d_seconds_bucket{le="+Inf"} 4
        d_seconds_sum 3.000020001
        d_seconds_count 4

        """
    )
  }

  @Test("prints money exactly")
  func money() {
    let registry = MetricsRegistry()
    registry.cost["gpt-4", "free"].increment(by: 1_500_001)
    let page = String(decoding: registry.exposition(), as: UTF8.self)
    #expect(page.contains(#"llm_cost_dollars_total{model="gpt-4",user_tier="free"} 0.001500001"#))
  }

  @Test(
    "decimals have no more digits than they need",
    arguments: [
      (0, "0"), (1, "0.000000001"), (1_000_000_000, "1"), (-1_500_000_000, "-1.5"),
      (Int64.max, "9223372036.854775807"), (Int64.min, "-9223372036.854775808"),
    ] as [(Int64, String)]
  )
  func decimals(value: Int64, expected: String) {
    #expect(ExpositionPage.decimal(nano: value) == expected)
  }

  @Test("a metric keeps no more series than its bound; the rest share one that says other")
  func isBounded() {
    let family = CounterFamily(counter: "e_total", help: "E.", labels: ["l"])
    for value in 0..<(Bounds.metricSeries + 10) { family["v\(value)"].increment() }
    #expect(family["v0"].value == 1)
    #expect(family["other"].value == 10)
    #expect(family["yet another"] === family["other"])
    let lines = text([family]).split(separator: "\n").count
    #expect(lines == Bounds.metricSeries + 1 + 2)
  }

  @Test("the same label values find the same series again, as after a reload")
  func survivesReload() {
    let registry = MetricsRegistry()
    registry.exits["limit per-user", "refused"].increment()
    registry.exits["limit per-user", "refused"].increment()
    #expect(registry.exits["limit per-user", "refused"].value == 2)
    #expect(registry.meters(of: "m") === registry.meters(of: "m"))
  }

  @Test("the whole page has the names that others rely on")
  func catalogue() throws {
    let registry = MetricsRegistry()
    registry.exits["identity", "known"].increment()
    registry.expressionErrors["limit per-user"].increment()
    registry.reloads["accepted"].increment()
    let model = registry.meters(of: "gpt-4")
    model.requests(.success, cacheHit: true).increment()
    model.duration.observe(nanoseconds: 1_200_000_000)
    model.inputTokens.increment(by: 12)
    model.outputTokens.increment(by: 30)
    model.usage(from: .upstream).increment()
    registry.cost["gpt-4", "premium"].increment(by: 2_160_000)
    registry.overhead.observe(nanoseconds: 40_000)
    #expect(String(decoding: registry.exposition(), as: UTF8.self) == Golden.page)
  }

  private func text(_ metrics: [any ExposedMetric]) -> String {
    String(decoding: ExpositionPage(metrics).bytes, as: UTF8.self)
  }
}
