package import SluicePolicy

extension ModelSettings.Service {
  /// Where the dialect answers it, below a base URL: `/chat/completions`.
  package var path: String {
    switch self {
    case .chat: "/chat/completions"
    case .completions: "/completions"
    case .embeddings: "/embeddings"
    }
  }

  /// The field of the body that holds the input.
  package var inputField: String {
    switch self {
    case .chat: "messages"
    case .completions: "prompt"
    case .embeddings: "input"
    }
  }
}
