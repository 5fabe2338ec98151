import Foundation
import Testing

@testable import SluiceGateway

@Suite("sluice similarity")
struct SimilarityCommandTests {
  private func answer(
    _ first: String,
    _ second: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> CommandAnswer {
    SimilarityCommand(first: first, second: second, environment: environment).run()
  }

  @Test("a text is like itself, whatever its case, and less like another")
  func cosines() throws {
    #expect(answer("Reset my password", "reset my PASSWORD").output == "1.0000\n")
    let other = answer("Reset my password", "What is the weather in Paris?").output
    #expect(try #require(Float(other.dropLast())) < 0.5)
  }

  @Test("without an encoder it says what to run, and that it could not run")
  func missing() {
    let answer = answer("a", "b", environment: ["SLUICE_DATA": "/nowhere"])
    #expect(answer.status == .couldNotRun)
    #expect(answer.output == "")
    #expect(answer.notes.contains("Run `scripts/setup` to fetch it"))
  }

  @Test("prints four decimals", arguments: [(0.5, "0.5000"), (-0.01234, "-0.0123"), (1, "1.0000")])
  func printing(cosine: Float, expected: String) {
    #expect(SimilarityCommand.printed(cosine) == expected)
  }
}
