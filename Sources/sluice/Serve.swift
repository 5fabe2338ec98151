import ArgumentParser
import FoundationEssentials
import SluiceGateway
import SluiceLanguage

/// `sluice serve`.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve traffic by a policy, and follow its files.",
    discussion: """
      The policy is read again when a file changes, on SIGHUP, and on `POST /policy/reload`; \
      one that is wrong changes nothing. SIGTERM and Ctrl-C drain and end with 0; a second one \
      ends at once.

      EXAMPLES
        sluice serve policies/quickstart
        sluice serve /etc/sluice --listen 0.0.0.0:8080 --state /var/lib/sluice
      """
  )

  @Argument(help: "The bundle: a folder of policy files, or one file.", completion: .directory)
  var bundle: String

  @Option(
    name: .long,
    help: "HOST:PORT for traffic, in place of `server.listen`; may be repeated."
  )
  var listen: [String] = []

  @Option(help: "HOST:PORT of the admin listener, in place of `server.admin`.")
  var admin: String?

  @Option(help: "The folder that outlives the process.", completion: .directory)
  var state = "./.sluice"

  @Option(
    help: "The folder of the tables of tokenizers, in place of SLUICE_DATA.",
    completion: .directory
  )
  var data: String?

  @Option(help: "Event loops for traffic. (default: one a core)")
  var loops: Int?

  @Option(help: "The log on standard output: json or none.")
  var log = GatewayOptions.Log.json

  @OptionGroup var colors: ColorOptions

  func validate() throws {
    if let loops, !(1...1_024).contains(loops) {
      throw ValidationError("--loops takes a number from 1 to 1024")
    }
  }

  func run() async throws {
    var options = GatewayOptions(bundle: bundle)
    options.overrides = PolicyOverrides(listen: listen.isEmpty ? nil : listen, admin: admin)
    options.stateFolder = state
    options.dataFolder = data
    options.loops = loops
    options.log = log
    options.environment = ProcessInfo.processInfo.environment
    let gateway: Gateway
    do throws(StartRefusal) {
      gateway = try await Gateway.start(options)
    } catch {
      try error.answer(as: colors.style(on: .error)).finish()
      return
    }
    Terminal.write(gateway.warnings(as: colors.style(on: .error)), to: .error)
    Terminal.write(gateway.banner.joined(separator: "\n") + "\n", to: .error)
    await gateway.run()
  }
}

extension GatewayOptions.Log: ExpressibleByArgument {}
