import FoundationEssentials
import SluiceExpressions
import SluicePolicy
import Testing

/// `Docs/expressions.md` is written from the lists that the checker reads.
@Suite("the reference of expressions")
struct ExpressionReferenceTests {
  @Test("equals the code")
  func reference() throws {
    let file = Repository.root.appending(component: "Docs").appending(component: "expressions.md")
    try Golden.compare(ExpressionReference.markdown, with: file)
  }
}

private enum ExpressionReference {
  static var markdown: String {
    (opening + [variables, stateFunctions] + FunctionCatalog.Group.allCases.map(functions) + macros)
      .joined(separator: "\n")
  }

  private static let opening = [
    """
    # Expressions

    Conditions and keys are [CEL](https://cel.dev): the whole core language and its extension
    libraries, apart from protobuf messages. `sluice eval` runs any of it. This page is written from
    the lists that the checker reads (`SLUICE_RECORD=1 swift test --filter ExpressionReferenceTests`).

    Cost: *constant*; *linear* in the bytes of texts and the elements of lists; *pattern*, linear with
    eight times the factor; *building*, linear in what comes out; *quadratic* in the elements. A loop
    costs its body for each element. In a policy an expression has at most 512 parts, 2 loops inside one
    another and 64 million units of cost at worst (SL0609, SL0611), a unit being a step or 16 bytes to
    read; at run time all expressions of one exchange together take 100,000 turns of loops and read
    1 GiB at most. `sluice eval` knows only the bounds at run time, and those on a text: 4 KiB, 64
    levels.

    """
  ]

  private static var variables: String {
    var text = """
      ## Variables

      | variable | type | where | at most | meaning |
      |---|---|---|---|---|

      """
    for variable in PolicyVariable.allCases {
      let phases = variable.phases.map(\.name).joined(separator: ", ")
      text +=
        "| `\(variable.name)` | \(variable.type) | \(phases) | \(size(variable.maximumBytes)) "
        + "| \(variable.meaning) |\n"
    }
    return text + """
      | `features.NAME` | what it gives | request, routed, attempt | \
      \(size(PolicyVariable.promptText.maximumBytes)) | an expression under `features`, computed at \
      most once |

      Reading a variable costs one unit; what it was counted or computed from is paid once an exchange.

      """
  }

  private static func size(_ bytes: Int) -> String {
    bytes >= 1 << 20
      ? "\(bytes >> 20) MiB" : bytes >= 1 << 10 ? "\(bytes >> 10) KiB" : "\(bytes) bytes"
  }

  private static var stateFunctions: String {
    var text = """
      ## State

      Read once an exchange for the same argument, which is a literal; one unit each.

      | function | type | where |
      |---|---|---|

      """
    for function in StateFunction.allCases {
      let declared = function.declaration
      let parameters = declared.parameters.map(\.description).joined(separator: ", ")
      let field = declared.field.map { ".\($0)" } ?? ""
      let phases = declared.phases.sorted().map(\.name).joined(separator: ", ")
      text += "| `\(declared.name)(\(parameters))\(field)` | \(declared.result) | \(phases) |\n"
    }
    return text
  }

  private static func functions(_ group: FunctionCatalog.Group) -> String {
    var text = "## \(group.rawValue)\n\n| function | cost | meaning |\n|---|---|---|\n"
    for entry in FunctionCatalog.all where entry.group == group {
      let signatures = FunctionCatalog.signatures(of: entry.name)
        .map { "`\($0)`" }
        .joined(separator: "<br>")
      text += "| \(signatures) | \(entry.cost.rawValue) | \(entry.meaning) |\n"
    }
    return text
  }

  private static let macros = [
    """
    ## Macros

    | macro | gives |
    |---|---|
    | `has(e.f)` | whether a map, or what an optional holds, has the field |
    | `e.all(x, p)`, `e.exists(x, p)`, `e.exists_one(x, p)` | whether `p` holds for all, some, one of the elements of a list or keys of a map |
    | `e.filter(x, p)` | the elements for which `p` holds |
    | `e.map(x, t)`, `e.map(x, p, t)` | what the elements become |
    | `e.sortBy(x, k)` | the elements in the order of their keys |
    | `e.all(k, v, p)`, `e.exists(k, v, p)`, `e.existsOne(k, v, p)` | the same over indices and elements, or keys and values |
    | `e.transformList(k, v, t)`, `e.transformList(k, v, p, t)` | a list of what the pairs become |
    | `e.transformMap(k, v, t)`, `e.transformMap(k, v, p, t)` | a map of the same keys |
    | `e.transformMapEntry(k, v, t)`, `e.transformMapEntry(k, v, p, t)` | a map of the entries that `t` gives, none twice |
    | `o.optMap(x, t)`, `o.optFlatMap(x, t)` | what an optional's value becomes |
    | `cel.bind(x, v, e)` | `e` with a name for `v`, computed at most once |
    | `e.?f`, `e[?k]`, `[?o]`, `{?k: o}` | an optional look-up; an element or entry that is left out if empty |

    """
  ]
}
