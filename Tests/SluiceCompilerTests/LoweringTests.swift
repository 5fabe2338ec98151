import SluiceCompiler
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceTelemetry
import Testing

@Suite("From a policy to its graph")
struct LoweringTests {
  static let base = """
    sluice: v1
    upstreams:
      simulator: { api: simulated, breaker: none, retry: none }
    models:
      small: { upstream: simulator, context: 16385, max_output: 4096, price: { input: $0.50/M, output: $1.50/M } }
      large: { upstream: simulator, context: 128000, max_output: 4096, price: { input: $10/M, output: $30/M } }
    targets:
      fast: [small]
      powerful: [large, small]

    """

  @Test("a route that no request can take leaves no trace, and the graph says so")
  func neverReached() throws {
    let graph = try Compiled.graph(
      Self.base + """
        routes:
          - { name: none, when: 'request.stream && !request.stream', to: powerful }
          - { name: rest, to: fast }
        identity:
          anonymous: true
        """
    )
    let text = GraphPrinter(graph).text
    #expect(text.contains("route: rest -> fast; never reached: none\n"))
    #expect(!text.contains("powerful"))
  }

  @Test("prints the pipeline in its order, each exit with where it leads")
  func printed() throws {
    let graph = try Compiled.graph(
      Self.base + """
        routes:
          - { name: hard, when: 'prompt.text.contains("compare")', to: powerful }
          - { name: rest, to: fast }
        products:
          help: { cache: { scope: product, ttl: 10m } }
        identity:
          anonymous: { products: [help] }
        limits:
          per-ip: { key: client.ip, rate: 200/m }
        """
    )
    #expect(
      GraphPrinter(graph).text == """
        chat starts at identity
        completions starts at identity
        embeddings starts at identity
        models starts at identity models

        identity: no keys, anonymous
          from policy.yaml:15:1
          known     -> switches
          anonymous -> switches
          refused   -> end

        switches
          from default
          clear      -> request
          cache_only -> request
          denied     -> end

        request
          from default
          understood -> limit per-ip
          refused    -> end
          long       -> count

        count
          from default
          counted -> limit per-ip
          refused -> end

        limit per-ip: 200/m by client.ip
          from policy.yaml:18:3
          admitted -> route
          refused  -> end

        route: hard -> powerful; rest -> fast
          from policy.yaml:11:13
          powerful -> cache powerful
          fast     -> cache fast
          no_route -> end
          refused  -> end

        cache powerful: help by product for 10m
          from policy.yaml:14:11
          hit     -> end
          stale   -> end
          miss    -> attempt powerful/large
          refresh -> attempt powerful/large
          bypass  -> attempt powerful/large
          gave_up -> refuse

        attempt powerful/large: large at simulator, $10.00/M in, $30.00/M out
          from policy.yaml:6:3
          answered    -> settle
          declined    -> end
          skipped     -> attempt powerful/small
          failed      -> attempt powerful/small
          passed_over -> attempt powerful/small
          gave_up     -> refuse
          cut         -> settle

        attempt powerful/small: small at simulator, $0.50/M in, $1.50/M out
          from policy.yaml:5:3
          answered    -> settle
          declined    -> end
          skipped     -> refuse
          failed      -> refuse
          passed_over -> refuse
          gave_up     -> refuse
          cut         -> settle

        cache fast: help by product for 10m
          from policy.yaml:14:11
          hit     -> end
          stale   -> end
          miss    -> attempt fast/small
          refresh -> attempt fast/small
          bypass  -> attempt fast/small
          gave_up -> refuse

        attempt fast/small: small at simulator, $0.50/M in, $1.50/M out
          from policy.yaml:5:3
          answered    -> settle
          declined    -> end
          skipped     -> refuse
          failed      -> refuse
          passed_over -> refuse
          gave_up     -> refuse
          cut         -> settle

        settle
          from default
          settled   -> store
          estimated -> store

        store
          from policy.yaml:14:11
          stored   -> end
          kept_out -> end

        refuse
          from default
          refused -> end

        identity models: no keys, anonymous
          from policy.yaml:15:1
          known     -> models
          anonymous -> models
          refused   -> end

        models
          from default
          listed  -> end
          unknown -> end

        """
    )
  }

  @Test("limits tokens behind the cache of each goal, and only whoever asks a candidate")
  func tokenLimits() throws {
    let graph = try Compiled.graph(
      Self.base + """
        routes:
          - { name: hard, when: 'prompt.text.contains("compare")', to: powerful }
          - { name: rest, to: fast }
        products:
          help: { cache: { scope: product, ttl: 10m } }
        identity:
          anonymous: { products: [help] }
        limits:
          spent: { key: user.id, rate: 200k tokens/m, burst: 50k }
          per-ip: { key: client.ip, rate: 200/m }
          all: { rate: 2M tokens/m }
        """
    )
    let text = GraphPrinter(graph).text
    for part in [
      """
      limit per-ip: 200/m by client.ip
        from policy.yaml:19:3
        admitted -> route
        refused  -> end

      route
      """,
      """
        miss    -> limit spent powerful
        refresh -> limit spent powerful
        bypass  -> limit spent powerful
        gave_up -> refuse

      limit spent powerful: 200000 tokens/m + 50000 by user.id
        from policy.yaml:18:3
        admitted -> limit all powerful
        refused  -> end

      limit all powerful: 2000000 tokens/m
        from policy.yaml:20:3
        admitted -> attempt powerful/large
        refused  -> end

      """,
      """
      limit all fast: 2000000 tokens/m
        from policy.yaml:20:3
        admitted -> attempt fast/small
        refused  -> end

      """,
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    #expect(text.contains("understood -> limit per-ip"))
  }

  @Test("needs a table of tokens where candidates hold more and less, or an expression asks")
  func countsTokens() throws {
    func counts(_ base: String, when: String = "true") throws -> Bool {
      let routes = "routes:\n  - { name: rest, when: '\(when)', to: powerful }\n"
      return try Compiled.policy([("policy.yaml", base + routes)]).countsTokens
    }
    let equal = Self.base.replacing("context: 16385", with: "context: 128000")
    #expect(try counts(Self.base))
    #expect(try !counts(equal))
    #expect(try counts(equal, when: "prompt.tokens < 200"))
  }

  @Test("puts a breaker before every try, a wait between two, and what is stale before a refusal")
  func resilient() throws {
    let base = Self.base.replacing(
      "breaker: none, retry: none",
      with: "breaker: { consecutive: 3 }, retry: { attempts: 2 }"
    )
    let graph = try Compiled.graph(
      base + """
        routes:
          - { name: rest, to: powerful }
        products:
          help: { cache: { ttl: 10m, stale_if_error: 5m } }
        identity:
          anonymous: { products: [help] }
        """
    )
    func exits(of name: String) throws -> [String: String] {
      let node = try #require(graph.nodes.first { $0.name == name })
      return Dictionary(
        uniqueKeysWithValues: node.exits.map { exit in
          (exit.name, exit.destination.map { graph[$0].name } ?? "end")
        }
      )
    }
    let first = "powerful/large"
    #expect(
      try exits(of: "breaker \(first)") == [
        "closed": "attempt \(first)", "probe": "attempt \(first)",
        "open": "breaker powerful/small", "skipped": "breaker powerful/small",
        "unhealthy": "breaker powerful/small", "forced": "breaker powerful/small",
      ]
    )
    #expect(
      try exits(of: "attempt \(first)") == [
        "answered": "settle", "declined": "end", "skipped": "breaker powerful/small",
        "failed": "retry \(first) try 2", "passed_over": "breaker powerful/small",
        "gave_up": "stale", "cut": "settle",
      ]
    )
    #expect(
      try exits(of: "retry \(first) try 2") == [
        "again": "breaker \(first) try 2", "exhausted": "breaker powerful/small",
        "gave_up": "stale",
      ]
    )
    #expect(try exits(of: "attempt \(first) try 2")["failed"] == "breaker powerful/small")
    #expect(try exits(of: "attempt powerful/small try 2")["failed"] == "stale")
    #expect(try exits(of: "cache powerful")["gave_up"] == "stale")
    #expect(try exits(of: "stale") == ["served": "end", "none": "refuse"])
  }

  @Test("has no node that the policy does not need")
  func onlyWhatIsNeeded() throws {
    let graph = try Compiled.graph(Self.base + "routes:\n  - { name: all, to: fast }\n")
    #expect(
      graph.nodes.map(\.name) == [
        "identity", "switches", "request", "route", "attempt fast/small", "settle", "refuse",
        "identity models", "models",
      ]
    )
  }

  @Test("reaches every target and model where a route leads to what the client named")
  func requested() throws {
    let graph = try Compiled.graph(
      Self.base + "routes:\n  - { name: named, to: requested }\n  - { name: rest, to: fast }\n"
    )
    let route = try #require(graph.nodes.first { $0.kind == .route })
    #expect(
      route.exits.map(\.name) == ["fast", "powerful", "large", "small", "no_route", "refused"]
    )
  }

  @Test("resolves a split to its shares")
  func split() throws {
    let text =
      Self.base.replacing(
        "powerful: [large, small]",
        with: """
          powerful: [large, small]
            trial: { split: { powerful: 95%, fast: 5% }, by: user.id }
          """
      ) + "routes:\n  - { name: all, to: trial }\n"
    let route = try #require(try Compiled.graph(text).nodes.first { $0.kind == .route })
    #expect(Set(route.exits.map(\.name)) == ["fast", "powerful", "no_route", "refused"])
  }

  @Test("goes on counting an exit over a reload")
  func countersSurvive() throws {
    let policy = try Compiled.policy([
      ("a.yaml", Self.base + "routes:\n  - { name: all, to: fast }\n")
    ])
    let metrics = MetricsRegistry()
    let first = Compiled.generation(policy, metrics: metrics).graph
    first.nodes[0].exits[0].counter.increment()
    let second = Compiled.generation(policy, metrics: metrics).graph
    #expect(second.nodes[0].exits[0].counter.value == 1)
  }

  @Test("draws the same graph in the DOT language, byte for byte each time")
  func dot() throws {
    let text = Self.base + "routes:\n  - { name: all, to: fast }\n"
    let dot = GraphPrinter(try Compiled.graph(text)).dot
    #expect(dot == GraphPrinter(try Compiled.graph(text)).dot)
    #expect(dot.hasPrefix("digraph sluice {\n"))
    #expect(dot.contains("n3 -> n4 [label=\"fast\"];"))
  }
}

@Suite("The name of a bundle")
struct BundleHashTests {
  private func hash(_ texts: [(path: String, text: String)]) -> String {
    Compiler.compile(Bundle(texts: texts)).hash
  }

  @Test("depends on names and bytes, not on the order of the files")
  func identity() {
    let one = [(path: "a.yaml", text: "sluice: v1\n"), (path: "b.yaml", text: "sluice: v1\n")]
    #expect(hash(one) == hash(one.reversed()))
    #expect(hash(one) != hash([one[0]]))
    #expect(
      hash(one)
        != hash([(path: "a.yaml", text: "sluice: v1\n"), (path: "c.yaml", text: "sluice: v1\n")])
    )
    #expect(hash([(path: "a", text: "bc")]) != hash([(path: "ab", text: "c")]))
  }
}
