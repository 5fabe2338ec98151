import SluiceDialects
import SluiceHTTP
import SluiceJSON
import Testing

struct APIErrorTests {
  @Test(
    "says status, type and code as OpenAI's clients expect",
    arguments: [
      (.missingKey, 401, "invalid_request_error", "missing_api_key"),
      (.invalidKey, 401, "invalid_request_error", "invalid_api_key"),
      (.productNotAllowed("p"), 403, "permission_error", "product_not_allowed"),
      (.permissionDenied, 403, "permission_error", "permission_denied"),
      (.modelNotFound("m"), 404, "invalid_request_error", "model_not_found"),
      (.noRoute, 404, "invalid_request_error", "no_route"),
      (.notFound, 404, "invalid_request_error", "not_found"),
      (.methodNotAllowed(allowed: "POST"), 405, "invalid_request_error", "method_not_allowed"),
      (.rateLimited(limit: "l", retryAfterSeconds: 3), 429, "requests", "rate_limit_exceeded"),
      (.tokenRateLimited(limit: "l", retryAfterSeconds: 3), 429, "tokens", "rate_limit_exceeded"),
      (
        .beyondTokenLimit(limit: "l", quota: 9, isInput: true), 400, "invalid_request_error",
        "request_too_large"
      ),
      (.tooManyConcurrent(limit: "l"), 429, "requests", "too_many_concurrent_requests"),
      (.insufficientQuota(reason: "r"), 429, "insufficient_quota", "insufficient_quota"),
      (.unsupportedModel("m"), 400, "invalid_request_error", "unsupported_model"),
      (
        .contextLengthExceeded(tokens: 8_192, param: "prompt"), 400, "invalid_request_error",
        "context_length_exceeded"
      ),
      (.bodyTooLarge(limit: 1), 413, "invalid_request_error", "body_too_large"),
      (.malformedMessage(.headTooLong), 431, "invalid_request_error", "head_too_large"),
      (.malformedMessage(.lengthAndCoding), 400, "invalid_request_error", "malformed_http"),
      (.malformedMessage(.badVersion), 505, "invalid_request_error", "malformed_http"),
      (.unsupportedMediaType, 415, "invalid_request_error", "unsupported_media_type"),
      (.requestTimeout, 408, "invalid_request_error", "request_timeout"),
      (.policyError(place: "a.yaml:1:2"), 500, "server_error", "policy_error"),
      (.upstreamUnreachable, 502, "server_error", "upstream_unreachable"),
      (.upstreamInvalidReply, 502, "server_error", "upstream_invalid_reply"),
      (.upstreamTimeout, 504, "server_error", "upstream_timeout"),
      (.deadlineExceeded, 504, "server_error", "deadline_exceeded"),
      (.overloaded(retryAfterSeconds: 1), 503, "server_error", "overloaded"),
      (.internalError, 500, "server_error", "internal_error"),
    ] as [(APIError, Int, String, String)]
  )
  func catalogue(error: APIError, status: Int, type: String, code: String) throws {
    #expect(error.status == status)
    let document = try JSONDocument(error.body)
    let object = try #require(document.member("error", of: document.root))
    let keys = document.members(of: object).map { document.string($0.key) }
    #expect(keys == ["message", "type", "param", "code"])
    func text(_ name: String) -> String? {
      document.member(name, of: object).flatMap { document.string($0) }
    }
    #expect(text("message") == error.message)
    #expect(text("type") == type)
    #expect(text("code") == code)
    #expect(text("param") == error.param)
  }

  @Test("quotes a client's name short and without control characters")
  func quotes() {
    let message = APIError.modelNotFound("a\r\nb" + String(repeating: "x", count: 1_000)).message
    #expect(message.contains("`ab"))
    #expect(message.utf8.count < 300)
    #expect(!message.contains("\n"))
  }

  @Test("ends a cut stream with an error event that looks like no end")
  func streamEvent() {
    let frame = APIError.upstreamCut.streamEvent.text
    #expect(frame.hasPrefix(#"data: {"error":{"message":""#))
    #expect(frame.hasSuffix("}}\n\n"))
    #expect(!frame.contains("[DONE]"))
    let result = read(stream([#"{"choices":[]}"#], done: false) + APIError.upstreamCut.streamEvent)
    #expect(result.verdicts == [.pass, .failed])
    #expect(!result.reader.isWhole)
  }

  @Test("tells SDKs not to retry what costs money to retry")
  func retries() {
    #expect(APIError.insufficientQuota(reason: "r").shouldRetry == false)
    #expect(APIError.insufficientQuota(reason: "r").retryAfterSeconds == nil)
    #expect(APIError.rateLimited(limit: "l", retryAfterSeconds: 3).retryAfterSeconds == 3)
    #expect(APIError.rateLimited(limit: "l", retryAfterSeconds: 3).shouldRetry == nil)
  }
}
