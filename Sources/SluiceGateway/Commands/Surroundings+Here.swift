package import SluiceLanguage
import SluiceCore
import SluiceReactor
import SluiceSemantics

extension Surroundings {
  /// What evidence in a bundle is held against here: the day, and the local encoder if one is there.
  ///
  /// Only where there is evidence is the encoder loaded, which blocks for some 200 ms.
  package static func here(
    _ bundle: Bundle,
    environment: [String: String]
  ) -> Surroundings {
    do throws(IOFailure) {
      // A loop that never runs is a clock.
      return here(
        bundle,
        on: CivilDate(ofWall: try EventLoop().now.wall),
        SentenceEncoders.of(environment: environment)
      )
    } catch {
      return Surroundings()
    }
  }

  static func here(
    _ bundle: Bundle,
    on today: CivilDate,
    _ encoders: SentenceEncoders
  ) -> Surroundings {
    guard bundle.hasEvidence else { return Surroundings(today: today) }
    do throws(SentenceEncoderError) {
      return Surroundings(today: today, encoder: try encoders.encoder().fingerprint)
    } catch {
      // Told where semantic caching is to be served; evidence is not what is missing.
      return Surroundings(today: today)
    }
  }
}

extension Bundle {
  /// Whether a file speaks of evidence, in whatever line its kind stands.
  fileprivate var hasEvidence: Bool {
    files.contains { String(decoding: $0.bytes, as: UTF8.self).contains("sluice-evidence") }
  }
}
