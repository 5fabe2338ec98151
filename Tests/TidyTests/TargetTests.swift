import Testing

/// Arrows point downward, and every one that is declared is used.
@Suite("Targets")
struct TargetTests {
  let graph: TargetGraph

  init() throws {
    graph = TargetGraph(manifest: try SourceTree.text(of: "Package.swift"))
  }

  /// Modules of the toolchain that a target may import, where the fence lets it.
  private static let system: Set<String> = [
    "Synchronization", "Glibc", "Foundation", "FoundationEssentials",
  ]

  @Test("the manifest was understood")
  func understood() {
    let folders = Set(SourceTree.sources.map(\.target))
    #expect(Set(graph.targets.map(\.name)) == folders)
    #expect(graph.targets.count > 15)
  }

  @Test("a target uses only what lies below it")
  func downward() {
    for target in graph.targets {
      for name in target.dependencies {
        guard let used = graph[name] else {
          #expect(name.hasPrefix("C"), "\(target.name) uses \(name)")
          continue
        }
        #expect(used.level < target.level, "\(target.name) uses \(name)")
      }
    }
  }

  @Test("what a target imports is what it declares")
  func imports() {
    for target in graph.targets {
      let files = SourceTree.sources.filter { $0.target == target.name }
      let imported = Set(files.flatMap(\.imports)).subtracting(Self.system)
        .subtracting(["ArgumentParser", "GRDB"])
      #expect(imported.subtracting(target.dependencies) == [], "\(target.name) does not declare")
      #expect(target.dependencies.subtracting(imported) == [], "\(target.name) does not import")
    }
  }

  @Test("ARCHITECTURE.md draws the same levels")
  func drawing() throws {
    let text = try SourceTree.text(of: "ARCHITECTURE.md")
    var drawn: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let first = words.first, let level = Int(first), line.hasPrefix("\(level)  ") else {
        continue
      }
      for word in words.dropFirst() where graph[String(word)] != nil { drawn[String(word)] = level }
    }
    let declared = Dictionary(uniqueKeysWithValues: graph.targets.map { ($0.name, $0.level) })
    #expect(drawn == declared)
  }
}
