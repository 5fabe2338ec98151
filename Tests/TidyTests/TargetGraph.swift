/// The targets that `Package.swift` declares, with the levels that its comments give them.
///
/// Read by lines: the manifest says `// 3` before the targets of level 3, and every target is
/// `module("Name", uses: […])` or `.executableTarget(name: "name", …)`. Tools that stand outside of
/// `Sources` (those with a `path:`) are no part of the product and left out.
struct TargetGraph {
  struct Target {
    var name: String
    var level: Int
    /// In the package, C modules included.
    var dependencies: Set<String>
  }

  private(set) var targets: [Target] = []

  subscript(name: String) -> Target? { targets.first { $0.name == name } }

  init(manifest: String) {
    var level: Int?
    var open: Target?
    var depth = 0
    var isTool = false
    for line in manifest.split(separator: "\n").map({ $0.drop { $0 == " " } }) {
      if line.hasPrefix("// "), let number = Int(line.dropFirst(3)) {
        level = number
        continue
      }
      guard !line.hasPrefix("//"), let level else { continue }
      if line.hasPrefix("tests(") { break }
      if open == nil, line.hasPrefix("module(") || line.hasPrefix(".executableTarget(") {
        open = Target(name: "", level: level, dependencies: [])
        isTool = false
      }
      guard var target = open else { continue }
      if line.hasPrefix("path:") { isTool = true }
      // Quoted names outside `.product(…)`: the first is the target's, the others are what it uses.
      if !line.hasPrefix(".product(") {
        for (index, word) in line.split(separator: "\"", omittingEmptySubsequences: false)
          .enumerated()
        where !index.isMultiple(of: 2) {
          if target.name.isEmpty {
            target.name = String(word)
          } else {
            target.dependencies.insert(String(word))
          }
        }
      }
      depth += line.count { $0 == "(" } - line.count { $0 == ")" }
      open = target
      if depth == 0 {
        if !isTool { targets.append(target) }
        open = nil
      }
    }
  }
}
