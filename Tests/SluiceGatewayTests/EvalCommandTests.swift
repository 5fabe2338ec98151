import Foundation
import Testing

@testable import SluiceGateway

@Suite("sluice eval")
struct EvalCommandTests {
  private func eval(
    _ expression: String,
    _ variables: [String] = [],
    type: Bool = false
  ) -> CommandAnswer {
    EvalCommand(expression: expression, variables: variables, showsType: type).run()
  }

  @Test(
    "prints a value as CEL",
    arguments: [
      ("1 + 1", "2\n"), ("'a' + \"b\"", "\"ab\"\n"), ("[1u, 2.0, b'x']", "[1u, 2.0, b\"\\170\"]\n"),
      ("{'a': null}", "{\"a\": null}\n"), ("optional.of(ip('::1'))", "optional.of(ip(\"::1\"))\n"),
      ("duration('90m')", "duration(\"5400s\")\n"),
    ]
  )
  func values(source: String, printed: String) {
    #expect(eval(source) == CommandAnswer(output: printed))
  }

  @Test("prints the type below the value if it is asked")
  func type() {
    #expect(eval("[1]", type: true).output == "[1]\nlist(int)\n")
  }

  @Test(
    "takes variables in CEL and in JSON",
    arguments: [
      ("x * 2", "x=21", "42\n"), ("x.size()", "x=\"a=b\"", "3\n"),
      ("a.b > duration('1s')", "a.b=duration('2s')", "true\n"),
      ("x.?tier.orValue('free')", "x={\"id\": \"u\", \"n\": [1.5, true, null]}", "\"free\"\n"),
      ("x", "x=\"\\ud83d\\ude00\"", "\"\u{1F600}\"\n"),
    ]
  )
  func variables(source: String, variable: String, printed: String) {
    #expect(eval(source, [variable]).output == printed)
  }

  @Test("refuses variables that cannot be read, as wrong usage", arguments: ["x", "x=free", "1=2"])
  func badVariables(variable: String) {
    let answer = eval("1", [variable])
    #expect(answer.status == .usage)
    #expect(answer.notes.hasPrefix("sluice: "))
  }

  @Test("points at what is wrong")
  func caret() {
    let answer = eval("1 +\n  nam + 2", ["name=1"])
    #expect(answer.status == .errors)
    #expect(answer.output == "")
    #expect(
      answer.notes == """
        error: 'nam' is not declared
          |   nam + 2
          |   ^^^
          = help: did you mean 'name'?

        """
    )
  }

  @Test("says why there is no value")
  func failure() {
    let answer = eval("1 / (2 - 2)")
    #expect(answer == CommandAnswer(notes: "error: division by zero\n", status: .errors))
  }

  @Test("passes the conformance tests of CEL and its extension libraries")
  func conformance() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/cel-conformance.jsonl")
    let result = EvalSuite([UInt8](try Data(contentsOf: file))).run()
    print("CEL conformance: \(result.passed) pass, \(result.failures.count) fail")
    #expect(result.failures == [])
    #expect(result.passed == 866)
  }

  @Test("counts as failed what does not come out, and what it cannot read")
  func failingCases() {
    func line(_ expression: String, _ expect: String, _ more: String = "") -> String {
      #"{"id":"x","expr":"\#(expression)","expect":\#(expect)\#(more)}"#
    }
    let lines = [
      line("1", #"{"value":{"t":"uint","v":"1"}}"#),
      line("1", #"{"error":["no"]}"#),
      line("1", #"{"value":{"t":"message"}}"#),
      line("1", #"{"value":{"t":"int","v":"1"},"type":"string"}"#),
      line("x", #"{"unknown":[1]}"#, #","bindings":{"x":{"t":"int","v":"1"}}"#),
      line("1 +", #"{"value":{"t":"int","v":"1"}}"#),
      "{}", "no JSON",
    ]
    let answer = EvalSuite([UInt8](lines.joined(separator: "\n").utf8)).answer()
    #expect(answer.output.hasSuffix("0 passed, 8 failed\n"))
    #expect(answer.status == .errors)
  }

  @Test("runs cases of every kind that the format has")
  func passingCases() {
    let lines = [
      #"{"id":"a","expr":"x || true","bindings":{"x":{"t":"error","v":["no"]}},"expect":{"value":{"t":"bool","v":true}}}"#,
      #"{"id":"b","expr":"x","bindings":{"x":{"t":"unknown","v":[7]}},"expect":{"any_unknown":[[3],[7]]}}"#,
      #"{"id":"c","expr":"x == timestamp(1)","bindings":{"x":{"t":"timestamp","s":"1","n":0}},"expect":{"value":{"t":"bool","v":true}}}"#,
      #"{"id":"d","expr":"duration('-1.5s')","expect":{"value":{"t":"duration","s":"-1","n":-500000000}}}"#,
      #"{"id":"e","expr":"1 / 0","expect":{"any_error":[["a"],["b"]]}}"#,
      #"{"id":"f","expr":"f(1).size()","check_only":true,"type_env":[{"name":"f","overloads":[{"id":"f","params":["'T"],"type_params":["T"],"result":"list('T)","member":false}]}],"expect":{"type":"int"}}"#,
      #"{"id":"g","expr":"x.f(1)","check_only":true,"type_env":[{"name":"x","type":"tuple(int, dyn)"},{"name":"f","overloads":[{"id":"f","params":["tuple('A, 'B)","'A"],"type_params":["A","B"],"result":"'A","member":true}]}],"expect":{"type":"int"}}"#,
      #"{"id":"h","expr":"has(x.y)","disable_macros":true,"bindings":{"x":{"t":"map","v":[]}},"expect":{"error":["undeclared reference"]}}"#,
    ]
    #expect(EvalSuite([UInt8](lines.joined(separator: "\n").utf8)).run().failures == [])
  }
}
