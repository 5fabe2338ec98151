import ArgumentParser
import FoundationEssentials
import SluiceGateway
import SluiceLanguage

/// `--color`, the same for every command that prints findings.
struct ColorOptions: ParsableArguments {
  @Option(help: "When to colour: auto, always or never. `auto` obeys NO_COLOR.")
  var color = Terminal.Color.auto

  func style(on stream: Terminal.Stream) -> FindingsStyle {
    Terminal.style(color, on: stream, environment: ProcessInfo.processInfo.environment)
  }
}

extension Terminal.Color: ExpressibleByArgument {}
