"""Completions and embeddings: asked as chats are, limited, routed, cached, metered, and failed over."""

import openai
import pytest

from harness.bundle import MODELS, policy
from harness.wire import events

EMBEDDING = [0.5, -0.25, 1.0]
COUNT = {"prompt_tokens": 5, "total_tokens": 5}


def completion(model, *texts, finish="stop"):
    return {
        "id": "cmpl-scripted",
        "object": "text_completion",
        "created": 1790000000,
        "model": model,
        "choices": [
            {"index": index, "text": text, "logprobs": None, "finish_reason": finish}
            for index, text in enumerate(texts)
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def piece(model, text, finish=None, **changes):
    chunk = completion(model, text, finish=finish)
    chunk["usage"] = None
    chunk.update(changes)
    return chunk


def answer(call):
    """Every path, as an upstream of OpenAI's kind answers it."""
    body = call.json
    model = body["model"]
    if call.path == "/v1/embeddings":
        inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
        vectors = [
            {"object": "embedding", "index": index, "embedding": EMBEDDING}
            for index in range(len(inputs))
        ]
        call.reply(200, {"object": "list", "data": vectors, "model": model, "usage": COUNT})
    elif call.path == "/v1/completions" and body.get("stream"):
        call.begin_stream()
        for text in ["Water ", "flows."]:
            call.chunk(piece(model, text))
        call.chunk(piece(model, "", finish="stop"))
        if (body.get("stream_options") or {}).get("include_usage"):
            usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
            call.chunk(piece(model, "", choices=[], usage=usage))
        call.end_stream()
    elif call.path == "/v1/completions":
        call.reply(200, completion(model, "Water flows."))
    else:
        call.answer()


def model(name, upstream="main", **changes):
    return {**MODELS["small"], "id": f"vendor-{name}", "upstream": upstream, **changes}


def sections(upstream, **changes):
    base = {
        "models": {
            "small": model("small"),
            "vector": model("vector", serves=["embeddings"]),
            "narrow": model("narrow", context=200, max_output=100),
            "wide": model("wide", context=4000, max_output=100, serves=["chat"]),
        },
        "targets": {
            "fast": ["vector", "small"],
            "vectors": ["small", "vector"],
            "texts": ["narrow", "wide"],
        },
        "routes": [
            {"name": "asked", "when": 'request.model != "auto"', "to": "requested"},
            {"name": "vectors", "when": 'request.path == "/v1/embeddings"', "to": "vectors"},
            {"name": "rest", "to": "fast"},
        ],
        "products": {"assistant": {"cache": {"scope": "product", "ttl": "1h"}}},
        **changes,
    }
    return policy(upstream, **base)


@pytest.fixture
def served(start, upstream):
    upstream.behave = answer
    return start(sections(upstream))


def post(gateway, path, **body):
    return gateway._http.post(
        f"{gateway.base_url}/{path}", json={"model": "auto", **body}, timeout=15
    )


def test_the_sdk_gets_its_embeddings_which_cost_their_input_only(served, upstream):
    raw = served.openai().embeddings.with_raw_response.create(
        model="auto", input=["one", "two"], encoding_format="float"
    )
    reply = raw.parse()
    assert [item.embedding for item in reply.data] == [EMBEDDING, EMBEDDING]
    call = upstream.calls[0]
    assert (call.path, call.json["model"]) == ("/v1/embeddings", "vendor-vector")
    assert call.json["input"] == ["one", "two"]
    assert raw.headers["x-sluice-route"] == "vectors"
    assert raw.headers["x-sluice-model"] == "vector"
    # Five tokens at $1/M.
    assert float(raw.headers["x-sluice-cost"]) == 5e-6
    line = served.exchange(raw.headers["x-request-id"])
    assert (line["service"], line["input_tokens"], line["output_tokens"]) == ("embeddings", 5, 0)


def test_the_sdk_gets_a_completion_plain_and_streamed(served, upstream):
    client = served.openai()
    plain = client.completions.create(model="auto", prompt="What is a sluice?", max_tokens=9)
    assert plain.choices[0].text == "Water flows."
    assert plain.usage.total_tokens == 18
    assert upstream.calls[0].json == {
        "model": "vendor-small", "prompt": "What is a sluice?", "max_tokens": 9,
    }
    chunks = list(client.completions.create(model="auto", prompt="Another?", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "Water flows."
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert upstream.calls[1].json["stream_options"] == {"include_usage": True}
    counted = list(
        client.completions.create(
            model="auto", prompt="A third?", stream=True, stream_options={"include_usage": True}
        )
    )
    assert counted[-1].usage.total_tokens == 18


def test_a_stream_is_metered_as_a_plain_answer(served):
    reply = post(served, "completions", prompt="Hi", stream=True)
    assert events(reply.content)[-1] == "[DONE]"
    line = served.exchange(reply)
    assert (line["service"], line["input_tokens"], line["output_tokens"]) == ("completions", 11, 7)
    # 11 at $1/M and 7 at $2/M.
    assert float(line["cost"]) == pytest.approx(25e-6)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_a_completion_comes_back_from_the_cache_however_it_is_asked(
    served, upstream, first, second
):
    def text(reply):
        if not reply.headers["content-type"].startswith("text/event-stream"):
            return reply.json()["choices"][0]["text"]
        data = events(reply.content)
        assert data[-1] == "[DONE]"
        assert {d["object"] for d in data[:-1]} == {"text_completion"}
        assert data[-2]["choices"][0]["finish_reason"] == "stop"
        return "".join(d["choices"][0]["text"] for d in data[:-1])

    one = post(served, "completions", prompt="Hi", stream=first)
    two = post(served, "completions", prompt="Hi", stream=second)
    assert [r.headers["x-sluice-cache"] for r in (one, two)] == ["miss", "exact"]
    assert text(one) == text(two) == "Water flows."
    assert upstream.count == 1


def test_embeddings_come_back_from_the_cache(served, upstream):
    one = post(served, "embeddings", input="Hi")
    two = post(served, "embeddings", input="Hi")
    assert two.headers["x-sluice-cache"] == "exact" and two.content == one.content
    assert post(served, "embeddings", input="Hi", dimensions=3).headers["x-sluice-cache"] == "miss"
    assert upstream.count == 2


def test_an_answer_of_one_path_is_none_of_another(served, upstream):
    body = {"messages": [{"role": "user", "content": "Hi"}], "prompt": "Hi", "input": "Hi"}
    body["model"] = "fast"
    for path in ["chat/completions", "completions", "embeddings"]:
        assert post(served, path, **body).headers["x-sluice-cache"] == "miss"
    assert [call.path for call in upstream.calls] == [
        "/v1/chat/completions", "/v1/completions", "/v1/embeddings",
    ]


def test_a_candidate_that_does_not_serve_the_path_is_skipped(served, upstream):
    """The first of `fast` serves embeddings only; what the second answers is stored as its own."""
    reply = served.chat()
    assert reply.headers["x-sluice-model"] == "small"
    assert upstream.calls[0].json["model"] == "vendor-small"
    assert "attempt fast/small:answered" in served.exchange(reply)["trail"]
    assert ":skipped" in served.exchange(reply)["trail"]
    assert served.chat().headers["x-sluice-cache"] == "exact"


def test_a_path_that_no_candidate_serves_is_refused(served, upstream):
    with pytest.raises(openai.BadRequestError) as caught:
        served.openai().embeddings.create(model="texts", input="Hi")
    assert (caught.value.code, caught.value.param) == ("unsupported_model", "model")
    with pytest.raises(openai.BadRequestError):
        served.openai().completions.create(model="vector", prompt="Hi")
    assert upstream.count == 0


def test_a_candidate_whose_context_is_too_small_is_skipped(served, upstream):
    """`a b c …` is a token a letter; six more are around it, and one is left for the answer."""
    def ask(letters):
        return served.chat(" ".join("abcdefgh"[i % 8] for i in range(letters)), model="texts")

    assert ask(193).headers["x-sluice-model"] == "narrow"
    reply = ask(194)
    assert reply.headers["x-sluice-model"] == "wide"
    assert "attempt texts/narrow:skipped" in served.exchange(reply)["trail"]
    assert [call.json["model"] for call in upstream.calls] == ["vendor-narrow", "vendor-wide"]


def test_what_no_candidate_can_hold_is_refused_as_openai_does(served, upstream):
    with pytest.raises(openai.BadRequestError) as caught:
        served.openai().chat.completions.create(
            model="texts", messages=[{"role": "user", "content": "word " * 5000}]
        )
    error = caught.value
    assert (error.code, error.param) == ("context_length_exceeded", "messages")
    assert "maximum context length is 4000 tokens" in error.message
    # Of the two, only `narrow` serves completions.
    reply = post(served, "completions", model="texts", prompt="word " * 300)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "prompt")
    assert "200 tokens" in reply.json()["error"]["message"]
    assert upstream.count == 0


def test_each_text_of_a_list_is_held_by_itself(start, upstream):
    upstream.behave = answer
    tiny = {"vector": model("vector", serves=["embeddings"], context=100, max_output=1),
            "large": model("large", serves=["embeddings"], context=200, max_output=1)}
    gateway = start(
        sections(
            upstream, models=tiny, targets={"fast": ["vector", "large"]},
            routes=[{"name": "rest", "to": "fast"}],
        )
    )
    many = post(gateway, "embeddings", input=["word " * 60] * 50)
    assert many.headers["x-sluice-model"] == "vector"
    numbers = post(gateway, "embeddings", input=[list(range(1, 100)), list(range(1, 102))])
    assert numbers.headers["x-sluice-model"] == "large"
    assert post(gateway, "embeddings", input=list(range(1000))).status_code == 400


@pytest.mark.parametrize(
    "path, body, param, code",
    [
        ("completions", {}, "prompt", "missing_required_parameter"),
        ("completions", {"prompt": [["x"]]}, "prompt", "invalid_type"),
        ("embeddings", {"prompt": "x"}, "input", "missing_required_parameter"),
        ("embeddings", {"input": []}, "input", "empty_array"),
        ("embeddings", {"input": {"text": "x"}}, "input", "invalid_type"),
    ],
)
def test_a_body_that_is_none_is_refused_naming_the_field(served, upstream, path, body, param, code):
    reply = post(served, path, **body)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["code"]) == (400, param, code)
    assert upstream.count == 0


def test_the_paths_share_the_limits_of_requests(start, upstream):
    upstream.behave = answer
    gateway = start(sections(upstream, limits={"per-ip": {"key": "client.ip", "rate": "2/m"}}))
    assert post(gateway, "embeddings", input="Hi").status_code == 200
    assert post(gateway, "completions", prompt="Hi").status_code == 200
    refused = post(gateway, "embeddings", input="Hi")
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize(
    "path, body", [("completions", {"prompt": "Hi"}), ("completions", {"prompt": "Hi", "stream": True}),
                   ("embeddings", {"input": "Hi"})]
)
def test_another_candidate_answers_when_the_first_fails(
    start, upstream, second_upstream, path, body
):
    upstream.behave = lambda call: call.reply(500, {"error": {"message": "no", "type": "server_error"}})
    second_upstream.behave = answer
    base = sections(upstream)
    everything = ["chat", "completions", "embeddings"]
    spare = {**base["upstreams"]["main"], "url": second_upstream.url}
    gateway = start({
        **base,
        "upstreams": {**base["upstreams"], "spare": spare},
        "models": {"first": model("first", serves=everything),
                   "between": model("between", serves=["chat"]),
                   "second": model("second", "spare", serves=everything)},
        "targets": {"fast": ["first", "between", "second"]},
        "routes": [{"name": "rest", "to": "fast"}],
    })
    reply = post(gateway, path, **body)
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-sluice-model"] == "second"
    assert (upstream.count, second_upstream.count) == (1, 1)


def test_a_completion_that_breaks_off_ends_in_an_error(served, upstream):
    def behave(call):
        call.begin_stream()
        call.chunk(piece(call.json["model"], "Water "))
        call.cut()

    upstream.behave = behave
    with pytest.raises(openai.APIError):
        list(served.openai().completions.create(model="auto", prompt="Hi", stream=True))
    data = events(post(served, "completions", prompt="Hi", stream=True).content)
    assert data[-1]["error"]["code"] == "upstream_cut"
    assert all(d["choices"][0]["finish_reason"] is None for d in data[:-1])


def test_the_list_of_models_holds_what_serves_any_path(served):
    names = {model.id for model in served.openai().models.list()}
    assert {"auto", "small", "vector", "vectors", "texts"} <= names


def test_images_and_sound_pass_through_and_count_nothing(start, upstream):
    """Of a message, only its texts are counted: here one token, and six around it."""
    parts = [
        {"type": "text", "text": "Hi"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBORw0K" * 100}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg" * 100, "format": "wav"}},
    ]
    gateway = start(
        policy(
            upstream,
            routes=[
                {"name": "counted", "when": "prompt.tokens == 7", "to": "fast"},
                {"name": "rest", "to": "fast"},
            ],
        )
    )
    messages = [{"role": "user", "content": parts}]
    reply = gateway._http.post(
        f"{gateway.base_url}/chat/completions", json={"model": "auto", "messages": messages}
    )
    assert reply.headers["x-sluice-route"] == "counted"
    assert upstream.calls[0].json["messages"] == messages


def test_the_simulated_upstream_answers_every_path(start, upstream):
    gateway = start(
        sections(
            upstream,
            upstreams={"main": {"api": "simulated", "latency": "0s", "output": 8, "seed": 1}},
        )
    )
    client = gateway.openai()
    plain = client.completions.create(model="auto", prompt=["one", "two"])
    assert len(plain.choices) == 2 and plain.choices[0].text
    chunks = list(client.completions.create(model="small", prompt=["one", "two"], stream=True))
    texts = ["".join(c.choices[0].text for c in chunks if c.choices[0].index == i) for i in (0, 1)]
    assert texts == [choice.text for choice in plain.choices]
    # The SDK asks for base64 unless it is told otherwise.
    vector = client.embeddings.create(model="auto", input="one").data[0].embedding
    other = client.embeddings.create(model="auto", input="one", encoding_format="float")
    assert vector == pytest.approx(other.data[0].embedding, abs=1e-6) and len(vector) == 256
