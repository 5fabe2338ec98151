/// Every map of the language with fixed keys, in the order of the language reference.
///
/// A key that is not here cannot be read: `Fields` refuses to look for it.
package enum Schema {
  package static let all: [KeyTable] = [
    file, server, serverTimeout, identity, headers, anonymous, upstream, upstreamTimeout,
    breaker, retry, healthCheck, model, price, priceAbove, tier, split, route, product, cache,
    semantic, shadow, limit, budget, relief, killSwitch, pricesFile, evidenceFile, evidence,
    evidencePoint,
  ]

  /// The tables of all kinds of file; the paths of each list are its own.
  static let everything: [[KeyTable]] = [all, tests]

  /// The sections of a file, beside its first line.
  package static let sections: [String] = file.names.filter { $0 != "sluice" }

  static let file = KeyTable(
    "",
    [
      Key("sluice", "`v1`", .required, "what the file is; always its first key"),
      Key("server", "map", .otherwise("defaults"), "where traffic and operators connect"),
      Key("identity", "map", .otherwise("`anonymous: true`"), "who may ask"),
      Key("upstreams", "map by name", .otherwise("none"), "the services that answer"),
      Key("models", "map by name", .otherwise("none"), "the models, each at one upstream"),
      Key("tiers", "map by name", .otherwise("none"), "the levels that are paid for"),
      Key("features", "map by name of CEL", .otherwise("none"), "named expressions"),
      Key(
        "targets",
        "map by name of maps or lists of models",
        .otherwise("none"),
        "ordered lists of models, and splits"
      ),
      Key("routes", "list", .otherwise("none"), "which request goes to which target"),
      Key("products", "map by name", .otherwise("none"), "what requests are for; cache rules"),
      Key("limits", "map by name", .otherwise("none"), "how many requests, tokens, at once"),
      Key("budgets", "map by name", .otherwise("none"), "how much money"),
      Key(
        "kill_switches",
        "map by name",
        .otherwise("none"),
        "what stops spending"
      ),
    ]
  )

  static let server = KeyTable(
    "server",
    [
      Key("listen", "list of HOST:PORT", .otherwise("`[127.0.0.1:8080]`"), "where clients connect"),
      Key("admin", "HOST:PORT", .otherwise("`127.0.0.1:9090`"), "where operators connect"),
      Key("max_body", "bytes", .otherwise("`10MiB`"), "the largest body of a request"),
      Key("timeout", "map", .otherwise("see below"), "deadlines of a connection and an exchange"),
      Key(
        "durability",
        "`process` or `power`",
        .otherwise("`process`"),
        "what the record of a hold survives before its attempt is sent"
      ),
      Key(
        "on_ledger_failure",
        "`deny` or `allow`",
        .otherwise("`deny`"),
        "whether requests go on when spending cannot be recorded"
      ),
      Key(
        "expose",
        "list of `cache`, `generation`, `route`, `model`, `cost`, `age`, `similarity`",
        .otherwise("`[cache, generation, route, model, cost]`"),
        "the `X-Sluice-` headers of replies"
      ),
    ]
  )

  static let serverTimeout = KeyTable(
    "server.timeout",
    [
      Key("head", "duration", .otherwise("`10s`"), "from the first byte of a head to its end"),
      Key("body", "duration", .otherwise("`30s`"), "from the end of the head to that of the body"),
      Key("request", "duration", .otherwise("`5m`"), "from the head to the reply's first byte"),
      Key("idle", "duration", .otherwise("`75s`"), "between two requests on one connection"),
      Key("drain", "duration", .otherwise("`30s`"), "from the order to stop until streams are cut"),
    ]
  )

  static let identity = KeyTable(
    "identity",
    [
      Key("keys", "file name", .otherwise("no keys"), "key records, in the state folder"),
      Key("headers", "map", .otherwise("none believed"), "whose word about users counts"),
      Key(
        "anonymous",
        "boolean or map",
        .otherwise("`false`"),
        "whether requests without a key are let in; loopback listeners only"
      ),
    ]
  )

  static let headers = KeyTable(
    "identity.headers",
    [
      Key("trust_from", "list of networks", .required, "your own proxies"),
      Key(
        "accept",
        "list of `user`, `tier`, `tag`, `cache_tags`",
        .otherwise("`[]`"),
        "which of `X-Sluice-User`, `-Tier`, `-Tag` and `-Cache-Tags` count from there"
      ),
    ]
  )

  static let anonymous = KeyTable(
    "identity.anonymous",
    [
      Key("tier", "tier", .otherwise("none"), "the tier of callers without a key"),
      Key(
        "products",
        "list of products",
        .otherwise("none"),
        "what they may ask for; the first is the default"
      ),
    ]
  )

  static let upstream = KeyTable(
    "upstreams.*",
    [
      Key("api", "`openai` or `simulated`", .required, "how it is spoken to"),
      Key(
        "url",
        "URL, `env:` or `file:`",
        .otherwise("required with `openai`"),
        "its base, up to `/v1`"
      ),
      Key(
        "secret",
        "`env:NAME` or `file:PATH`",
        .otherwise("none"),
        "the key to send; `openai` only"
      ),
      Key(
        "ca",
        "path of a PEM file",
        .otherwise("the system's"),
        "the authorities to trust; `openai` only"
      ),
      Key("latency", "duration", .otherwise("`300ms`"), "until the first byte; `simulated` only"),
      Key("output", "count", .otherwise("`120`"), "tokens of an answer; `simulated` only"),
      Key("failures", "ratio", .otherwise("`0%`"), "the share answered with 500; `simulated` only"),
      Key("seed", "count", .otherwise("`1`"), "of the simulated answers; `simulated` only"),
      Key("timeout", "map or `none`", .otherwise("see below"), "deadlines of one attempt"),
      Key("breaker", "map or `none`", .otherwise("5 in a row"), "when to stop asking"),
      Key("retry", "map or `none`", .otherwise("2 attempts"), "when to ask again"),
      Key(
        "health_check",
        "map or `none`",
        .otherwise("`none`"),
        "how to find out that it is down before a request does; needs a breaker"
      ),
    ]
  )

  static let upstreamTimeout = KeyTable(
    "upstreams.*.timeout",
    [
      Key("connect", "duration or `none`", .otherwise("`2s`"), "until the connection stands"),
      Key("first_byte", "duration or `none`", .otherwise("`1m`"), "until the reply begins"),
      Key("idle", "duration or `none`", .otherwise("`30s`"), "between two chunks of a reply"),
      Key(
        "total",
        "duration or `none`",
        .otherwise("`10m`"),
        "the whole attempt, streaming included"
      ),
    ]
  )

  static let breaker = KeyTable(
    "upstreams.*.breaker",
    [
      Key("consecutive", "count", .otherwise("or `ratio`"), "failures in a row that open it"),
      Key("ratio", "ratio", .otherwise("or `consecutive`"), "the share of failures that opens it"),
      Key("min_calls", "count", .otherwise("`20`"), "with `ratio`: calls before it is judged"),
      Key("window", "duration", .otherwise("`30s`"), "with `ratio`: what is looked back on"),
      Key("recovery", "duration", .otherwise("`1m`"), "how long it stays open"),
      Key("probes", "count", .otherwise("`1`"), "calls let through to try again"),
    ]
  )

  static let retry = KeyTable(
    "upstreams.*.retry",
    [
      Key("attempts", "count", .required, "attempts in all, the first included"),
      Key("base", "duration", .otherwise("`1s`"), "the wait before the second"),
      Key("factor", "number", .otherwise("`2`"), "by which each wait is longer"),
      Key("jitter", "`full` or duration", .otherwise("`full`"), "what is random in a wait"),
      Key(
        "budget",
        "ratio",
        .otherwise("`20%`"),
        "the share of first attempts that may be retried"
      ),
    ]
  )

  static let healthCheck = KeyTable(
    "upstreams.*.health_check",
    [
      Key("path", "path", .otherwise("`/models`"), "what is asked with GET, below the `url`"),
      Key(
        "interval",
        "duration",
        .otherwise("`10s`"),
        "from one check to the next, give or take 10 %"
      ),
      Key("timeout", "duration", .otherwise("`2s`"), "for one check, up to the end of its reply"),
      Key(
        "unhealthy_threshold",
        "count",
        .otherwise("`3`"),
        "checks that fail in a row until it counts as down"
      ),
      Key(
        "healthy_threshold",
        "count",
        .otherwise("`2`"),
        "checks that succeed in a row until it counts as up again"
      ),
    ]
  )

  static let model = KeyTable(
    "models.*",
    [
      Key("upstream", "upstream", .required, "who answers for it"),
      Key("id", "text", .otherwise("the name"), "what the upstream calls it"),
      Key("context", "count", .required, "tokens of input and output together"),
      Key("max_output", "count", .required, "tokens of one answer"),
      Key(
        "price",
        "map, `free`, or list of maps by date",
        .otherwise("that of a file of prices"),
        "what its tokens cost"
      ),
      Key(
        "tokenizer",
        "`cl100k` or `o200k`",
        .otherwise("a bound by bytes"),
        "how its tokens are counted"
      ),
      Key(
        "serves",
        "list of `chat`, `completions`, `embeddings`",
        .otherwise("`[chat, completions]`"),
        "the paths it answers on"
      ),
      Key(
        "output_field",
        "`max_tokens` or `max_completion_tokens`",
        .otherwise("`max_tokens`"),
        "the field that a clamp is written to"
      ),
    ]
  )

  static let price = KeyTable(
    "models.*.price",
    [
      Key("from", "date", .otherwise("always"), "the day, in UTC, from which it holds")
    ] + rates + [
      Key(
        "above",
        "map of counts to maps",
        .otherwise("none"),
        "other rates for a request whose prompt has more tokens than that"
      )
    ]
  )

  static let priceAbove = KeyTable("models.*.price.above.*", rates)

  private static let rates = [
    Key("input", "price of tokens", .required, "for tokens of the input"),
    Key(
      "cached_input",
      "price of tokens",
      .otherwise("as `input`"),
      "for those of them that the upstream had in its cache"
    ),
    Key("audio_input", "price of tokens", .otherwise("as `input`"), "for those that are audio"),
    Key("output", "price of tokens", .required, "for tokens of the answer"),
    Key(
      "reasoning",
      "price of tokens",
      .otherwise("as `output`"),
      "for those of them that are thought and not said"
    ),
    Key("audio_output", "price of tokens", .otherwise("as `output`"), "for those that are audio"),
  ]

  static let pricesFile = KeyTable(
    "sluice-prices",
    [
      Key("sluice-prices", "`v1`", .required, "what the file is; always its first key"),
      Key(
        "models",
        "map by model of prices",
        .required,
        "what a model's `price` takes, for each model"
      ),
    ]
  )

  static let evidenceFile = KeyTable(
    "sluice-evidence",
    [
      Key("sluice-evidence", "`v1`", .required, "what the file is; always its first key"),
      Key("products", "map by product", .required, "what was measured, for each product"),
    ]
  )

  static let evidence = KeyTable(
    "sluice-evidence.products.*",
    [
      Key("encoder", "64 hexadecimal digits", .required, "the encoder that it was measured with"),
      Key("rule", "count", .required, "the version of the rule that decides hits"),
      Key("measured", "date", .required, "the day, in UTC, of the measurement"),
      Key("source", "`pairs` or `shadow`", .required, "what was judged"),
      Key("points", "list of maps", .required, "the counts, bar by bar"),
    ]
  )

  static let evidencePoint = KeyTable(
    "sluice-evidence.products.*.points[]",
    [
      Key("bar", "ratio", .required, "the score that a hit needs"),
      Key("accepted", "count", .required, "pairs that reach it"),
      Key("wrong", "count", .required, "those of them whose answers differ"),
    ]
  )

  static let tier = KeyTable(
    "tiers.*",
    [Key("models", "list of models", .otherwise("all"), "what the tier may ever reach")]
  )

  static let split = KeyTable(
    "targets.*",
    [
      Key("split", "map of targets to percent", .required, "the shares; together 100%"),
      Key("by", "CEL string", .required, "who stays with one share"),
    ]
  )

  static let route = KeyTable(
    "routes[]",
    [
      Key("name", "name", .required, "how it is called in trails, metrics and headers"),
      Key("when", "CEL bool", .otherwise("always"), "the requests that it takes"),
      Key("match", "map", .otherwise("always"), "the same, spelt as a map"),
      Key("to", "target or `requested`", .required, "where they go"),
    ]
  )

  static let product = KeyTable(
    "products.*",
    [
      Key("volatility", "duration", .otherwise("no check"), "how soon an answer may become wrong"),
      Key("cache", "map", .otherwise("no caching"), "how answers are kept"),
    ]
  )

  static let cache = KeyTable(
    "products.*.cache",
    [
      Key(
        "scope",
        "`user`, `tenant` or `product`",
        .otherwise("`user`"),
        "who may get an answer that was given to another"
      ),
      Key("ttl", "duration", .required, "how long an answer is kept"),
      Key("semantic", "map", .otherwise("none"), "answers to questions that mean the same"),
      Key(
        "stale_if_error",
        "duration",
        .otherwise("none"),
        "how long after its `ttl` it may be served when nothing else answers"
      ),
      Key(
        "stale_while_revalidate",
        "duration",
        .otherwise("none"),
        "how long after its `ttl` it is served at once while it is asked for anew"
      ),
      Key("key", "CEL string", .otherwise("none"), "a further part of the key"),
      Key(
        "tags",
        "list of names, or CEL list of strings",
        .otherwise("`[]`"),
        "what an invalidation can name"
      ),
      Key(
        "store_fallbacks",
        "boolean",
        .otherwise("`false`"),
        "whether a fallback's answer is kept"
      ),
    ]
  )

  static let semantic = KeyTable(
    "products.*.cache.semantic",
    [
      Key(
        "threshold",
        "ratio",
        .otherwise("or `max_wrong`"),
        "the least score of a question that counts as the same"
      ),
      Key(
        "max_wrong",
        "ratio",
        .otherwise("or `threshold`"),
        "the share of hits that may be wrong"
      ),
      Key(
        "shadow",
        "ratio or map",
        .otherwise("none"),
        "the share of hits for which the upstream is asked too, to compare the answers"
      ),
      Key(
        "embedder",
        "model",
        .otherwise("the local encoder"),
        "a model that serves embeddings"
      ),
    ]
  )

  static let shadow = KeyTable(
    "products.*.cache.semantic.shadow",
    [
      Key("share", "ratio", .required, "the share of hits"),
      Key("budget", "budget", .otherwise("those of the request"), "what pays for it"),
    ]
  )

  static let limit = KeyTable(
    "limits.*",
    [
      Key("key", "CEL string", .otherwise("one count for all"), "what is counted apart"),
      Key("rate", "rate", .otherwise("or `concurrent`"), "so many in any window of that length"),
      Key("burst", "count", .otherwise("`0`"), "so many more, with `rate`"),
      Key("concurrent", "count", .otherwise("or `rate`"), "so many in flight"),
      Key(
        "tiers",
        "map of tiers to rates or counts",
        .otherwise("none"),
        "other values by tier; needs `key`"
      ),
    ]
  )

  static let budget = KeyTable(
    "budgets.*",
    [
      Key(
        "per",
        "`request`, `minute`, `hour`, `day`, `week` or `month`",
        .required,
        "the window"
      ),
      Key("zone", "time zone", .otherwise("`UTC`"), "whose days, weeks and months"),
      Key("key", "CEL string", .otherwise("one for all"), "what is counted apart"),
      Key("limit", "money", .required, "what may be spent in a window"),
      Key(
        "tiers",
        "map of tiers to money",
        .otherwise("none"),
        "other limits by tier; needs `key`"
      ),
      Key(
        "on_exceed",
        "list of `clamp`, `cache_only`, `deny` or maps",
        .otherwise("`[deny]`"),
        "what is tried, in order"
      ),
      Key("warn_at", "ratio", .otherwise("no warning"), "the share at which to warn"),
      Key(
        "min_runway",
        "duration",
        .otherwise("no warning"),
        "the least time that money should last"
      ),
      Key("min_output", "count", .otherwise("`16`"), "what a clamp leaves at least"),
      Key(
        "notice",
        "text",
        .otherwise("none"),
        "what the reader of a stream is told, in brackets, when it is cut at its hold"
      ),
    ]
  )

  static let relief = KeyTable(
    "budgets.*.on_exceed[]",
    [Key("to", "target", .required, "the target to try instead")]
  )

  static let killSwitch = KeyTable(
    "kill_switches.*",
    [
      Key("when", "CEL bool", .required, "asked at each settlement"),
      Key("do", "`deny` or `cache_only`", .required, "what happens to requests"),
      Key("for", "duration", .otherwise("until cleared"), "how long"),
      Key("clear_when", "CEL bool", .otherwise("never by itself"), "what ends it earlier"),
      Key("key", "CEL string", .otherwise("the company"), "each value has its own switch"),
    ]
  )
}
