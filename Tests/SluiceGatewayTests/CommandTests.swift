import FoundationEssentials
import SluiceCore
import SluiceLanguage
import Testing

@testable import SluiceGateway

@Suite("The commands that look at a policy")
struct CommandTests {
  @Test("lint ends with 0 where there is nothing to say")
  func lintClean() throws {
    let folder = try TemporaryFolder()
    try folder.write(Policies.simulated(), to: "p.yaml")
    let answer = LintCommand(paths: [folder.path]).run()
    #expect(answer == CommandAnswer(output: "\(folder.path): 1 file, no findings\n"))
  }

  @Test("lint ends with 1 for an error, and for a warning only if told to")
  func lintFindings() throws {
    let folder = try TemporaryFolder()
    try folder.write(Policies.simulated(extra: "nonsense: 1"), to: "p.yaml")
    #expect(LintCommand(paths: [folder.path]).run().status == .errors)

    let unused = "features:\n  idle: request.stream"
    try folder.write(Policies.simulated(extra: unused), to: "p.yaml")
    var command = LintCommand(paths: [folder.path])
    command.format = .short
    let answer = command.run()
    #expect(answer.status == .success)
    #expect(answer.output.contains("warning[SL0102]"))
    #expect(answer.notes == "\(folder.path): 1 file, 1 warning\n")
    command.failLevel = .warning
    #expect(command.run().status == .errors)
  }

  @Test("a bundle that is not there is no policy with errors")
  func missing() {
    let answer = LintCommand(paths: ["/nonexistent/bundle"]).run()
    #expect(answer.status == .couldNotRun)
    #expect(answer.notes.hasPrefix("sluice: `/nonexistent/bundle` does not exist"))
    #expect(GraphCommand(path: "/nonexistent/bundle").run().status == .couldNotRun)
  }

  @Test("graph prints the pipeline, or what is wrong instead")
  func graph() throws {
    let folder = try TemporaryFolder()
    try folder.write(Policies.simulated(), to: "p.yaml")
    var command = GraphCommand(path: folder.path)
    #expect(
      command.run().output.contains("route: rest -> fast\n  from \(folder.path)/p.yaml:14:11")
    )
    command.format = .dot
    #expect(command.run().output.hasPrefix("digraph sluice {"))
    try folder.write("sluice: v1\nroutes: 1\n", to: "p.yaml")
    let answer = command.run()
    #expect(answer.status == .errors)
    #expect(answer.output.isEmpty && answer.notes.contains("error["))
  }

  @Test("explain prints the page of a code, and knows what is none")
  func explain() {
    #expect(ExplainCommand(code: "sl0201").run().output.hasPrefix("# SL0201 unreachable-route"))
    #expect(ExplainCommand(code: "SL9999").run().status == .usage)
  }

  @Test("trace takes a request to the path that it is told, and refuses one where no model answers")
  func tracePath() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Policies.simulated(), to: "p.yaml")
    var command = TraceCommand(path: folder.path)
    try command.ask(at: "/v1/completions")
    let body = Array(#"{"model":"auto","prompt":"Hi"}"#.utf8)
    #expect(await command.run(body: body).output.contains("model auto, 1 prompt\n"))
    try command.ask(at: "/embeddings")
    let refused = await command.run(body: Array(#"{"model":"auto","input":"Hi"}"#.utf8)).output
    #expect(refused.contains("no model of fast serves embeddings"))
    #expect(throws: Refusal.self) { try command.ask(at: "/v1/models") }
  }

  @Test("trace prints the walk to the upstream, and who would be asked")
  func trace() async throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Policies.simulated(extra: "limits:\n  per-ip: { key: client.ip, rate: 3/m }"),
      to: "p.yaml"
    )
    var command = TraceCommand(path: folder.path)
    command.asker = try TraceCommand.Asker("ip=10.0.0.7")
    let answer = await command.run(body: question)
    let place = "\(folder.path)/p.yaml"
    var lines = answer.output.split(separator: "\n", omittingEmptySubsequences: false)
    // A digest, which the key's own tests hold.
    lines.removeAll { $0.contains("not in the cache") }
    #expect(
      lines.joined(separator: "\n") == """
        identity            anonymous
            anonymous: user ip:10.0.0.7, tier free, product support, ip 10.0.0.7
            at \(place):2:1
        switches            clear
            no kill switch is on
        request             understood
            model auto, 1 messages
        limit per-ip        admitted
            2 of 3 left for "10.0.0.7"
            at \(place):20:3
        route               fast
            route rest at \(place):14:11 to fast
        cache fast          miss
            at \(place):18:5
        breaker fast/small  closed
            small is closed
            at \(place):5:3
        attempt fast/small  answered
            would ask small at upstream simulator
            at \(place):7:3

        would be answered by small: route rest, target fast, cache miss

        """
    )
    #expect(answer.status == .success)
  }

  @Test("trace walks through the semantic cache, with the encoder of this machine or without")
  func traceSemantic() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.semantic, to: "p.yaml")
    var command = TraceCommand(path: folder.path)
    command.environment = ["SLUICE_DATA": "/nowhere"]
    let without = await command.run(body: question).output
    #expect(
      without.contains("semantic fast       failed\n    not embedded: texts cannot be embedded: ")
    )
    #expect(without.contains("Run `scripts/setup` to fetch it"))
    command.environment = ProcessInfo.processInfo.environment
    let with = await command.run(body: question).output
    #expect(with.contains("semantic fast       miss\n    nothing is near\n"), "\(with)")
  }

  @Test("lint warns of an encoder that this machine has not, and of nothing where it is not asked")
  func lintSemantic() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.semantic, to: "p.yaml")
    var command = LintCommand(paths: [folder.path])
    command.format = .short
    #expect(!command.run().output.contains("SL0311"))
    command.environment = ["SLUICE_DATA": "/nowhere"]
    let answer = command.run()
    #expect(answer.output.contains("warning[SL0311] `semantic` needs a sentence encoder"))
    #expect(answer.status != .errors)
    command.environment = ProcessInfo.processInfo.environment
    #expect(!command.run().output.contains("SL0311"))
  }

  private static let semantic = Policies.simulated()
    .replacing("ttl: 10m }", with: "ttl: 10m, semantic: { threshold: 0.95 } }")

  @Test("trace takes whom --as names for the holder of a key")
  func traceAs() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Policies.simulated(), to: "p.yaml")
    var command = TraceCommand(path: folder.path)
    command.asker = try TraceCommand.Asker("user=ada,tier=premium,tenant=acme,product=support")
    let output = await command.run(body: question).output
    #expect(output.contains("key --as: tenant acme, user ada, tier premium, product support"))

    command.asker = try TraceCommand.Asker("tier=gold")
    let answer = await command.run(body: question)
    #expect(answer.status == .usage)
    #expect(answer.notes.contains("`gold`; it has: free, premium"))
  }

  @Test("trace tells why a request is refused")
  func traceRefusal() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Policies.simulated(), to: "p.yaml")
    let command = TraceCommand(path: folder.path)
    let output = await command.run(body: Array("{".utf8)).output
    #expect(output.contains("request   refused"))
    #expect(output.contains("refused: 400 invalid_json"))
  }

  @Test(
    "--as takes names that it knows",
    arguments: ["user", "who=ada", "ip=here", "user=a,ip=10.0.0.256"]
  )
  func badAsker(text: String) {
    #expect(throws: Refusal.self) { try TraceCommand.Asker(text) }
  }

  private let question = Array(
    #"{"model":"auto","messages":[{"role":"user","content":"hi"}]}"#.utf8
  )
}
