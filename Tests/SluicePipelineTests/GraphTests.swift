import SluiceCore
import SluicePipeline
import SluiceTelemetry
import Synchronization
import Testing

@Suite("Cancellation")
struct CancellationTests {
  @Test("the first reason stays, and every action runs once")
  func once() {
    let cancellation = Cancellation()
    let seen = Mutex<[Cancellation.Reason]>([])
    cancellation.onCancel { reason in seen.withLock { $0.append(reason) } }
    cancellation.cancel(.clientLeft)
    cancellation.cancel(.deadline)
    #expect(cancellation.reason == .clientLeft)
    #expect(seen.withLock { $0 } == [.clientLeft])
  }

  @Test("an action that comes late runs at once, one that was withdrawn never")
  func lateAndWithdrawn() {
    let cancellation = Cancellation()
    let count = Mutex(0)
    let withdrawn = cancellation.onCancel { _ in count.withLock { $0 += 100 } }
    cancellation.remove(withdrawn)
    cancellation.cancel(.draining)
    cancellation.onCancel { _ in count.withLock { $0 += 1 } }
    #expect(count.withLock { $0 } == 1)
  }
}

@Suite("Building a graph")
struct GraphBuilderTests {
  private struct Fork: Stage {
    enum Exit: Int, StageExit { case left, farRight }
    let exits = Exit.names
    func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex { Exit.left.index }
  }

  @Test("exits are named after their cases, and lead to nodes by name")
  func names() {
    var builder = GraphBuilder()
    builder.add(
      .route,
      "fork",
      place: .builtIn,
      stage: Fork(),
      exits: ["left": "end", "far_right": nil]
    )
    builder.add(
      .refuse,
      "end",
      place: .builtIn,
      stage: Fork(),
      exits: ["left": nil, "far_right": nil]
    )
    builder.enter(.chat, at: "fork")
    let graph = builder.build { _, _ in Counter() }
    #expect(graph.nodes[0].exits.map(\.name) == ["left", "far_right"])
    #expect(graph.nodes[0].exits[0].destination == NodeIndex(1))
    #expect(graph.nodes[0].exits[1].destination == nil)
  }

  @Test("a trail reads as the walk that it is")
  func trail() {
    var builder = GraphBuilder()
    builder.add(
      .route,
      "fork",
      place: .builtIn,
      stage: Fork(),
      exits: ["left": nil, "far_right": nil]
    )
    let graph = builder.build { _, _ in Counter() }
    var trail = Trail()
    trail.append(node: NodeIndex(0), exit: ExitIndex(1), remark: nil)
    #expect(trail.line(in: graph) == "fork:far_right")
  }
}
