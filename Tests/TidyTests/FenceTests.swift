import Testing

/// Pointers and unchecked promises live in the reactor and in one file a C library.
@Suite("The fence")
struct FenceTests {
  /// Every place outside the reactor that may, and why.
  static let wrappers = [
    "Sources/SluiceCore/ByteScan.swift": "eight bytes of a string or a line at a time",
    "Sources/SluiceCore/Digest.swift": "OpenSSL's digest",
    "Sources/SluiceCore/Zones/TimeZone.swift": "the system's database of time zones",
    "Sources/SluiceExpressions/Functions/Pattern.swift": "RE2",
    "Sources/SluiceLanguage/Read/YAMLEvents.swift": "libyaml",
    "Sources/SluiceSemantics/Embedding/ONNXModel.swift": "ONNX Runtime",
    "Sources/SluiceUpstream/TLSSession.swift": "OpenSSL's TLS",
    "Sources/SluiceSimulation/World/SimulatedLoop.swift": "runs jobs, as every executor does",
  ]

  /// Files outside the reactor that call the system, and what for.
  static let system = [
    "Sources/SluiceGateway/Commands/Terminal.swift": "whether a stream is a terminal"
  ]

  /// C modules and what wraps one, and the only target that may import each.
  static let libraries = [
    "CCrypto": "SluiceCore", "CZone": "SluiceCore", "CRE2": "SluiceExpressions",
    "CYAML": "SluiceLanguage", "CReactor": "SluiceReactor", "CTLS": "SluiceUpstream",
    "CONNX": "SluiceSemantics", "GRDB": "SluiceStores",
  ]

  private func unsafeLines(of file: SourceFile) -> [Int] {
    var lines = file.tokens
      .filter { token in
        token.text == "unsafe" || token.text == "withMemoryRebound"
          || token.text.hasPrefix("Unsafe") || token.text.hasPrefix("withUnsafe")
          || token.text.hasPrefix("unsafeBitCast") || token.text == "Unmanaged"
          || token.text == "OpaquePointer"
      }
      .map(\.line)
    lines += file.places(of: ["@", "unchecked"])
    return lines
  }

  @Test("nothing unsafe is outside")
  func outside() {
    var found: [String] = []
    for file in SourceTree.sources
    where file.target != "SluiceReactor" && Self.wrappers[file.path] == nil {
      found += unsafeLines(of: file).map { "\(file.path):\($0)" }
    }
    #expect(found == [])
  }

  @Test("every wrapper is there and needs to be", arguments: wrappers.keys.sorted())
  func needed(path: String) {
    let file = SourceTree.sources.first { $0.path == path }
    #expect(file.map(unsafeLines)?.isEmpty == false)
  }

  @Test("a C library is seen by its own target only, through one file outside the reactor")
  func owners() {
    for (library, owner) in Self.libraries {
      let users = SourceTree.sources.filter { $0.imports.contains(library) }
      #expect(users.allSatisfy { $0.target == owner }, "\(library)")
      if owner != "SluiceReactor" { #expect(users.count == 1, "\(library)") }
    }
  }

  @Test("no pointer crosses the surface of a target")
  func surface() {
    var found: [String] = []
    for file in SourceTree.sources {
      for (index, line) in file.lines.enumerated() where line.contains("Unsafe") {
        let text = line.drop { $0 == " " }
        if text.hasPrefix("package ") || text.hasPrefix("public ") {
          found.append("\(file.path):\(index + 1)")
        }
      }
    }
    #expect(found == [])
  }

  @Test("an unchecked promise says by what rule it holds")
  func unchecked() {
    for file in SourceTree.sources {
      for line in file.places(of: ["@", "unchecked"]) {
        // The comment of the type, or one of the lines around it.
        let around = file.lines[max(0, line - 20)..<line].filter { $0.contains("//") }
        #expect(!around.isEmpty, "\(file.path):\(line)")
      }
    }
  }

  @Test("Foundation stays out of what serves traffic")
  func foundation() {
    let forbidden = [
      "SluiceCore", "SluiceExpressions", "SluiceJSON", "SluicePolicy", "SluiceTelemetry",
      "SluiceReactor", "SluiceHTTP", "SluicePipeline", "SluiceDialects", "SluiceStages",
      "SluiceStores", "SluiceServer", "SluiceUpstream",
    ]
    var found: [String] = []
    for file in SourceTree.sources {
      for name in file.imports {
        if name.hasPrefix("Foundation"), forbidden.contains(file.target) {
          found.append("\(file.path) imports \(name)")
        }
        if name == "Glibc", file.target != "SluiceReactor", Self.system[file.path] == nil {
          found.append("\(file.path) imports \(name)")
        }
      }
    }
    #expect(found == [])
  }
}
