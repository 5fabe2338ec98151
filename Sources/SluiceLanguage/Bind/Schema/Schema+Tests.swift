/// The maps of a file of tests, in the order of `Docs/testing.md`.
extension Schema {
  package static let tests: [KeyTable] = [
    testFile, testCase, testStep, testIdentity, testAsk, testBehaviour, testUsage, testKill,
    testScope, testSelection, testExpect, testBudget,
  ]

  static let testFile = KeyTable(
    "sluice-test",
    [
      Key("sluice-test", "`v1`", .required, "what the file is; always its first key"),
      Key("at", "time", .otherwise("`2026-03-01T12:00:00Z`"), "the clock when a case begins"),
      Key("as", "map, `nobody` or `stranger`", .otherwise("`nobody`"), "who asks in all cases"),
      Key(
        "upstreams",
        "map by upstream of behaviours",
        .otherwise("all answer"),
        "how they behave at first"
      ),
      Key(
        "models",
        "map by model of behaviours",
        .otherwise("as their upstream"),
        "how they behave at first"
      ),
      Key("cases", "list", .required, "the cases; each begins with an empty gateway"),
    ]
  )

  static let testCase = KeyTable(
    "cases[]",
    [
      Key("name", "text", .required, "what must hold, as a sentence; no two cases share it"),
      Key("at", "time", .otherwise("that of the file"), "the clock when it begins"),
      Key("as", "map, `nobody` or `stranger`", .otherwise("that of the file"), "who asks"),
      Key(
        "upstreams",
        "map by upstream of behaviours",
        .otherwise("that of the file"),
        "how they behave first"
      ),
      Key(
        "models",
        "map by model of behaviours",
        .otherwise("that of the file"),
        "how they behave first"
      ),
      Key("steps", "list", .otherwise("one: `ask` and `expect`"), "what happens, in order"),
      Key("ask", "text or map", .otherwise("see `steps`"), "a case of one request"),
      Key("expect", "map", .otherwise("nothing"), "what must come of it"),
    ]
  )

  static let testStep = KeyTable(
    "cases[].steps[]",
    [
      Key(
        "upstreams",
        "map by upstream of behaviours",
        .otherwise("as before"),
        "how they behave from here on"
      ),
      Key(
        "models",
        "map by model of behaviours",
        .otherwise("as before"),
        "how they behave from here on"
      ),
      Key("wait", "duration", .otherwise("no time passes"), "the clock moves on"),
      Key("kill", "map or `everything`", .otherwise("nobody does"), "a person stops spending"),
      Key("revive", "map or `everything`", .otherwise("nobody does"), "a person lets it go on"),
      Key("invalidate", "map or `everything`", .otherwise("nobody does"), "answers are forgotten"),
      Key(
        "force",
        "map of models to `open`, `closed` or `none`",
        .otherwise("nobody does"),
        "a person decides about a breaker"
      ),
      Key(
        "health",
        "map of upstreams to `up` or `down`",
        .otherwise("no news"),
        "what its health check finds"
      ),
      Key("ask", "text or map", .otherwise("nobody asks"), "a request; a text is its prompt"),
      Key("as", "map, `nobody` or `stranger`", .otherwise("that of the case"), "who asks"),
      Key("times", "count", .otherwise("`1`"), "so many requests, one after another"),
      Key(
        "background",
        "boolean",
        .otherwise("`false`"),
        "whether all are sent at once, and the next step does not wait for their ends"
      ),
      Key("expect", "map", .otherwise("nothing"), "what must hold of each request, and then"),
    ]
  )

  static let testIdentity = KeyTable(
    "as",
    [
      Key("user", "text", .otherwise("nobody"), "the user of the key"),
      Key("tenant", "text", .otherwise("none"), "the tenant of the key"),
      Key("tier", "tier", .otherwise("none"), "the tier of the key"),
      Key("product", "product", .otherwise("the key's first"), "what the request is for"),
      Key("products", "list of products", .otherwise("`product`"), "what the key may ask for"),
      Key("ip", "address", .otherwise("`127.0.0.1`"), "where the connection comes from"),
    ]
  )

  static let testAsk = KeyTable(
    "ask",
    [
      Key("prompt", "text", .otherwise("`body`"), "the text of the user"),
      Key("repeat", "count", .otherwise("`1`"), "so many times the prompt, for long ones"),
      Key("system", "text", .otherwise("none"), "a system message before it"),
      Key("model", "text", .otherwise("`auto`"), "what the client names"),
      Key("stream", "boolean", .otherwise("`false`"), "whether it asks for a stream"),
      Key("max_tokens", "count", .otherwise("none"), "what the client allows for the answer"),
      Key("n", "count", .otherwise("`1`"), "how many answers it asks for"),
      Key(
        "path",
        "`chat`, `completions`, `embeddings` or `models`",
        .otherwise("`chat`"),
        "where it goes"
      ),
      Key("leaves", "duration", .otherwise("it stays"), "the client leaves after so long"),
      Key("headers", "map of names to texts", .otherwise("none"), "further fields of its head"),
      Key("body", "text", .otherwise("made of the keys above"), "the JSON, sent as it is"),
    ]
  )

  static let testBehaviour = KeyTable(
    "upstreams.*",
    [
      Key("status", "count", .otherwise("`200`"), "what it answers with, from 300 an error"),
      Key("code", "text", .otherwise("`server_error`"), "the error's code"),
      Key("retry_after", "duration", .otherwise("not said"), "how long it asks to wait"),
      Key(
        "fault",
        "`refuse`, `reset`, `hang`, `stall`, `cut`, `html`, `malformed` or `redirect`",
        .otherwise("none"),
        "what goes wrong"
      ),
      Key("after", "count", .otherwise("`0`"), "tokens that come before a `stall` or `cut`"),
      Key("answer", "text", .otherwise("words"), "what it says"),
      Key("output", "count", .otherwise("as its settings say, or 120"), "tokens of the answer"),
      Key(
        "ignores_limit",
        "boolean",
        .otherwise("`false`"),
        "whether it says more than the request allows"
      ),
      Key("latency", "duration", .otherwise("as its settings say, or 300ms"), "until the head"),
      Key("gap", "duration", .otherwise("`0ms`"), "between two tokens of a stream"),
      Key("usage", "map or `none`", .otherwise("counted"), "the tokens that it reports"),
    ]
  )

  static let testUsage = KeyTable(
    "upstreams.*.usage",
    [
      Key("prompt", "count", .otherwise("counted"), "tokens of the input"),
      Key("completion", "count", .otherwise("`output`"), "tokens of the answer"),
      Key("cached", "count", .otherwise("`0`"), "those of the input that it had in its cache"),
      Key("reasoning", "count", .otherwise("`0`"), "those of the answer that are not said"),
    ]
  )

  static let testKill = KeyTable(
    "kill",
    scope + [
      Key("do", "`deny` or `cache_only`", .otherwise("`deny`"), "what happens to requests"),
      Key("for", "duration", .otherwise("until `revive`"), "how long"),
      Key("cut_running", "boolean", .otherwise("`false`"), "whether running ones are cut"),
    ]
  )

  static let testScope = KeyTable("revive", scope)

  private static let scope = [
    Key("tenant", "text", .otherwise("any"), "of whom"),
    Key("user", "text", .otherwise("any"), "of whom"),
    Key("tier", "tier", .otherwise("any"), "of whom"),
    Key("product", "product", .otherwise("any"), "for what"),
    Key("model", "model", .otherwise("any"), "at which model"),
  ]

  static let testSelection = KeyTable(
    "invalidate",
    [
      Key("product", "product", .otherwise("or `tag`"), "answers of a product"),
      Key("tag", "text", .otherwise("or `product`"), "answers with a tag"),
    ]
  )

  static let testExpect = KeyTable(
    "expect",
    [
      Key("status", "count", .otherwise("any"), "the status of the reply"),
      Key("code", "text or `none`", .otherwise("any"), "the code of the error"),
      Key("route", "route or `none`", .otherwise("any"), "the route that was taken"),
      Key("target", "target or `none`", .otherwise("any"), "the target that was chosen"),
      Key("model", "model or `none`", .otherwise("any"), "the model that answered"),
      Key(
        "cache",
        "`miss`, `exact`, `semantic`, `stale` or `bypass`",
        .otherwise("any"),
        "what `X-Sluice-Cache` says"
      ),
      Key(
        "exits",
        "map of nodes to exits",
        .otherwise("any"),
        "by which exits it left nodes; see below"
      ),
      Key("attempts", "count or list of models", .otherwise("any"), "what upstreams were asked"),
      Key("cost", "money", .otherwise("any"), "what it cost, exactly"),
      Key("held", "money", .otherwise("any"), "what was held for its last attempt, exactly"),
      Key("clamp", "count or `none`", .otherwise("any"), "the limit of output that was sent"),
      Key("reserved", "map of limits to counts", .otherwise("any"), "tokens that it reserved"),
      Key(
        "headers",
        "map of names to texts",
        .otherwise("any"),
        "fields of the reply; `none`: not there"
      ),
      Key("answer", "text", .otherwise("any"), "the text of the answer"),
      Key("ends", "`whole`, `cut`, `refused` or `left`", .otherwise("any"), "how the reply ended"),
      Key("within", "duration", .otherwise("any"), "the longest that it may take"),
      Key(
        "breakers",
        "map of models to `closed`, `open` or `half_open`",
        .otherwise("any"),
        "how their breakers stand afterwards"
      ),
      Key(
        "budgets",
        "map of budgets to money or map",
        .otherwise("any"),
        "what is left of them afterwards, for who asked last"
      ),
      Key(
        "kill_switches",
        "map of kill switches to `on` or `off`",
        .otherwise("any"),
        "whether one is on for anybody afterwards"
      ),
    ]
  )

  static let testBudget = KeyTable(
    "expect.budgets.*",
    [
      Key("spent", "money", .otherwise("any"), "what was spent in this window"),
      Key("held", "money", .otherwise("any"), "what is held"),
      Key("remaining", "money", .otherwise("any"), "what is left of the limit"),
      Key("key", "text", .otherwise("that of who asked last"), "whose, as the budget's `key` says"),
    ]
  )
}
