// swift-tools-version: 6.2
import PackageDescription

/// Every target is held to the same rules; nobody opts out.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// A target of the package.
///
/// Arrows point downward only; ARCHITECTURE.md draws them.
func module(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one target, in `Tests/<Target>Tests`.
///
/// Fixtures are read from the source tree, so they are left out of what is built.
func tests(
  _ name: String,
  uses dependencies: [Target.Dependency] = [],
  fixtures: [String] = []
) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: [.byName(name: name)] + dependencies,
    exclude: fixtures,
    swiftSettings: strict
  )
}

let package = Package(
  name: "sluice",
  products: [.executable(name: "sluice", targets: ["sluice"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // C modules: the system's libraries, each behind one small shim.
    .systemLibrary(
      name: "CYAML",
      pkgConfig: "yaml-0.1",
      providers: [.apt(["libyaml-dev"])]
    ),
    .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
    .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
    // Loads ONNX Runtime by its path, when a policy first needs it: nothing to link.
    .target(name: "CONNX", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CReactor"),
    .target(
      name: "CTLS",
      linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]
    ),

    .target(name: "CZone"),

    // 0
    module("SluiceCore", uses: ["CCrypto", "CZone"]),

    // 1
    module("SluiceExpressions", uses: ["SluiceCore", "CRE2"]),
    module("SluiceJSON", uses: ["SluiceCore"]),

    // 2
    module("SluicePolicy", uses: ["SluiceCore", "SluiceExpressions"]),
    module("SluiceTelemetry", uses: ["SluiceCore"]),
    module("SluiceReactor", uses: ["SluiceCore", "CReactor"]),
    module("SluiceHTTP", uses: ["SluiceCore"]),

    // 3
    module(
      "SluiceDialects",
      uses: ["SluiceCore", "SluiceJSON", "SluiceHTTP", "SluicePolicy"]
    ),

    // 4
    module(
      "SluicePipeline",
      uses: [
        "SluiceCore", "SluiceExpressions", "SluiceHTTP", "SluicePolicy", "SluiceTelemetry",
        "SluiceDialects",
      ]
    ),

    // 5
    module("SluiceLanguage", uses: ["SluiceCore", "SluiceExpressions", "SluicePolicy", "CYAML"]),
    module(
      "SluiceStages",
      uses: [
        "SluiceCore", "SluiceExpressions", "SluiceJSON", "SluiceHTTP", "SluicePolicy",
        "SluiceTelemetry", "SluicePipeline", "SluiceDialects",
      ]
    ),
    module(
      "SluiceStores",
      uses: [
        "SluiceCore", "SluiceJSON", "SluicePolicy", "SluicePipeline", "SluiceDialects",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]
    ),
    module(
      "SluiceSemantics",
      uses: ["SluiceCore", "SluicePolicy", "SluiceTelemetry", "SluicePipeline", "CONNX"]
    ),
    module(
      "SluiceServer",
      uses: [
        "SluiceCore", "SluiceHTTP", "SluiceReactor", "SluicePipeline", "SluiceDialects",
        "SluicePolicy",
      ]
    ),
    module(
      "SluiceUpstream",
      uses: [
        "SluiceCore", "SluiceHTTP", "SluiceReactor", "SluicePipeline", "SluicePolicy",
        "CTLS",
      ]
    ),

    // 6
    module(
      "SluiceCompiler",
      uses: [
        "SluiceCore", "SluiceExpressions", "SluicePolicy", "SluiceTelemetry", "SluiceDialects",
        "SluicePipeline", "SluiceLanguage", "SluiceStages",
      ]
    ),

    // 7
    module(
      "SluiceGateway",
      uses: [
        "SluiceCore", "SluiceExpressions", "SluiceJSON", "SluicePolicy", "SluiceTelemetry",
        "SluiceReactor", "SluiceHTTP", "SluicePipeline", "SluiceDialects", "SluiceLanguage",
        "SluiceStages", "SluiceStores", "SluiceSemantics", "SluiceServer", "SluiceUpstream",
        "SluiceCompiler",
      ]
    ),
    module(
      "SluiceSimulation",
      uses: [
        "SluiceCore", "SluiceExpressions", "SluiceJSON", "SluiceHTTP", "SluicePolicy",
        "SluiceTelemetry", "SluicePipeline", "SluiceDialects", "SluiceLanguage", "SluiceStages",
        "SluiceStores", "SluiceCompiler",
      ]
    ),

    // 8
    // Measures, and compares with tiktoken: scripts/compare-tokens.
    .executableTarget(
      name: "token-bench",
      dependencies: ["SluiceSemantics", "SluicePolicy", "SluicePipeline", "SluiceReactor"],
      path: "Benchmarks/Tokens",
      swiftSettings: strict
    ),
    // Measures, and compares with Hugging Face's tokenizers: scripts/compare-embeddings.
    .executableTarget(
      name: "embedding-bench",
      dependencies: ["SluiceCore", "SluiceSemantics", "SluicePipeline", "SluiceReactor"],
      path: "Benchmarks/Embedding",
      swiftSettings: strict
    ),
    // Replays a stream of questions through the semantic cache's rule, and measures its index:
    // scripts/bench.
    .executableTarget(
      name: "semantic-bench",
      dependencies: [
        "SluiceCore", "SluiceJSON", "SluicePipeline", "SluiceReactor", "SluiceSemantics",
        "SluiceStages", "SluiceStores",
      ],
      path: "Benchmarks/Semantic",
      swiftSettings: strict
    ),
    // What the ledger adds to a request.
    .executableTarget(
      name: "ledger-bench",
      dependencies: [
        "SluiceCore", "SluiceDialects", "SluicePipeline", "SluiceReactor", "SluiceStores",
      ],
      path: "Benchmarks/Ledger",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "expression-bench",
      dependencies: ["SluiceExpressions", "SluiceReactor"],
      path: "Benchmarks/Expressions",
      swiftSettings: strict
    ),
    // What many routes cost: a decision, a compilation.
    .executableTarget(
      name: "policy-bench",
      dependencies: [
        "SluiceExpressions", "SluicePolicy", "SluiceStages", "SluiceReactor", "SluiceGateway",
      ],
      path: "Benchmarks/Policy",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "sluice",
      dependencies: [
        "SluiceCore", "SluiceGateway", "SluiceLanguage", "SluiceReactor", "SluiceSimulation",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict
    ),

    // Certificates and a server, for the tests of TLS.
    .target(
      name: "CTLSFixtures",
      dependencies: ["CTLS"],
      path: "Tests/CTLSFixtures",
      linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]
    ),

    // What several tests share.
    .target(
      name: "SluiceTestSupport",
      dependencies: ["SluiceCore", "SluiceReactor"],
      path: "Tests/Support",
      swiftSettings: strict
    ),

    tests("SluiceCore", fixtures: ["Fixtures"]),
    tests("SluiceExpressions", uses: ["SluiceCore"]),
    tests("SluiceJSON", uses: ["SluiceCore", "SluiceTestSupport"]),
    tests("SluicePolicy", uses: ["SluiceCore", "SluiceExpressions", "SluiceTestSupport"]),
    tests("SluiceTelemetry", uses: ["SluiceCore"]),
    tests("SluiceReactor", uses: ["SluiceCore", "SluiceTestSupport"]),
    tests("SluiceHTTP", uses: ["SluiceCore", "SluiceTestSupport"]),
    tests(
      "SluiceDialects",
      uses: ["SluiceCore", "SluiceJSON", "SluiceHTTP", "SluicePolicy", "SluiceTestSupport"]
    ),
    tests(
      "SluicePipeline",
      uses: [
        "SluiceCore", "SluiceExpressions", "SluiceJSON", "SluiceHTTP", "SluicePolicy",
        "SluiceTelemetry", "SluiceDialects", "SluiceTestSupport",
      ]
    ),
    tests(
      "SluiceLanguage",
      uses: ["SluiceCore", "SluiceExpressions", "SluicePolicy", "SluiceTestSupport"],
      fixtures: ["Golden"]
    ),
    tests(
      "SluiceStages",
      uses: [
        "SluiceCore", "SluiceExpressions", "SluiceJSON", "SluiceHTTP", "SluicePolicy",
        "SluiceTelemetry", "SluicePipeline", "SluiceDialects", "SluiceStores",
        "SluiceTestSupport",
      ]
    ),
    tests(
      "SluiceStores",
      uses: [
        "SluiceCore", "SluiceJSON", "SluicePolicy", "SluiceTelemetry", "SluicePipeline",
        "SluiceDialects", "SluiceTestSupport",
      ]
    ),
    tests(
      "SluiceSemantics",
      uses: [
        "SluiceCore", "SluiceJSON", "SluicePolicy", "SluiceTelemetry", "SluicePipeline",
        "SluiceDialects",
        "SluiceReactor",
      ],
      fixtures: ["Fixtures"]
    ),
    tests(
      "SluiceServer",
      uses: [
        "SluiceCore", "SluiceHTTP", "SluiceReactor", "SluicePipeline", "SluiceDialects",
        "SluicePolicy", "SluiceTelemetry", "SluiceUpstream", "SluiceTestSupport",
      ]
    ),
    tests(
      "SluiceUpstream",
      uses: [
        "SluiceCore", "SluiceHTTP", "SluiceReactor", "SluicePipeline", "SluicePolicy",
        "SluiceTelemetry", "SluiceTestSupport", "CTLSFixtures",
      ]
    ),
    tests(
      "SluiceCompiler",
      uses: [
        "SluiceCore", "SluicePolicy", "SluiceTelemetry", "SluicePipeline", "SluiceLanguage",
        "SluiceStages", "SluiceStores", "SluiceTestSupport",
      ]
    ),
    tests(
      "SluiceGateway",
      uses: [
        "SluiceCore", "SluiceJSON", "SluicePolicy", "SluiceTelemetry", "SluiceReactor",
        "SluiceHTTP", "SluiceDialects", "SluicePipeline", "SluiceLanguage", "SluiceStages",
        "SluiceStores", "SluiceServer", "SluiceCompiler", "SluiceTestSupport",
      ],
      fixtures: ["Fixtures"]
    ),
    tests(
      "SluiceSimulation",
      uses: [
        "SluiceCore", "SluiceJSON", "SluiceHTTP", "SluicePolicy", "SluiceTelemetry",
        "SluicePipeline", "SluiceDialects", "SluiceLanguage", "SluiceStages", "SluiceStores",
        "SluiceCompiler", "SluiceGateway",
      ]
    ),
    .testTarget(name: "TidyTests", swiftSettings: strict),
  ]
)
