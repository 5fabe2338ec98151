import ArgumentParser
import SluiceCore
import SluiceGateway

/// `sluice fmt`.
struct Format: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt",
    abstract: "Write policy files in the one form that they all have.",
    discussion: """
      Order, comments and meaning stay; indentation, spaces, quotes and line breaks become those of \
      every other policy. What is written is read again before it replaces a file.

      EXAMPLES
        sluice fmt policies/launch
        sluice fmt policies --check
        sluice fmt - < policy.yaml

      EXIT CODES
        0  formatted    1  with --check, a file is not; or one cannot be read
      """
  )

  @Argument(
    help: "Folders and files; - for standard input, formatted to standard output.",
    completion: .file(extensions: ["yaml"])
  )
  var paths: [String]

  @Flag(help: "Write nothing; list the files that are not formatted.")
  var check = false

  @Flag(help: "Write nothing; print what comes out.")
  var stdout = false

  @OptionGroup var colors: ColorOptions

  func validate() throws {
    guard !check || !stdout else { throw ValidationError("give either --check or --stdout") }
    guard paths == ["-"] || !paths.contains("-") else {
      throw ValidationError("- stands for standard input, beside no other path")
    }
    guard paths != ["-"] || !check else { throw ValidationError("--check needs files") }
  }

  func run() throws {
    let style = colors.style(on: .error)
    guard paths != ["-"] else {
      let bytes: [UInt8]
      do throws(Refusal) {
        bytes = try Terminal.read("-", maximumBytes: Bounds.policyFileBytes)
      } catch {
        return try CommandAnswer(error).finish()
      }
      return try FormatCommand.format(bytes, style: style).finish()
    }
    var command = FormatCommand(paths: paths)
    command.mode = check ? .check : stdout ? .print : .write
    command.style = style
    try command.run().finish()
  }
}
