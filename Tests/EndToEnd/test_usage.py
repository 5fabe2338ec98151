"""Tokens and money: as the upstream counts them, else as Sluice does, and said which."""

import json

import pytest

from harness.bundle import policy
from harness.gateway import UPSTREAM_KEY
from harness.upstream import completion, delta
from harness.waiting import until

MESSAGES = [{"role": "user", "content": " a" * 10}]
# Ten words that are a token each, three around a message, three before the reply.
PROMPT = 16


def says(text, ends=True, count=1, **more):
    """A stream without usage that says `text` so many times."""

    def behave(call):
        call.begin_stream()
        for _ in range(count):
            call.chunk(delta("m", {"content": text, **more}))
        if not ends:
            call.hold()
        call.chunk(delta("m", {}, finish="stop"))
        call.end_stream()

    return behave


def without_usage(text):
    def behave(call):
        answer = completion("m", text)
        del answer["usage"]
        call.reply(200, answer)

    return behave


def cost(prompt, output):
    return pytest.approx((prompt * 1 + output * 2) / 1e6)


def test_a_plain_answer_without_usage_is_counted_and_its_cost_told(gateway):
    gateway.upstream.behave = without_usage(" b" * 20)
    raw = gateway.openai().chat.completions.with_raw_response.create(
        model="auto", messages=MESSAGES
    )
    assert raw.parse().usage is None
    assert float(raw.headers["x-sluice-cost"]) == cost(PROMPT, 20)
    line = gateway.exchange(raw)
    assert (line["input_tokens"], line["output_tokens"]) == (PROMPT, 20)
    assert line["usage"] == "counted"
    assert float(line["cost"]) == cost(PROMPT, 20)
    assert "settle:estimated" in line["trail"]
    assert gateway.metric("sluice_usage_source_total", model="small", source="counted") >= 1


def test_what_the_upstream_counts_is_taken(gateway):
    reply = gateway.chat(messages=MESSAGES)
    line = gateway.exchange(reply)
    assert (line["input_tokens"], line["output_tokens"]) == (11, 7)
    assert line["usage"] == "upstream"
    assert "settle:settled" in line["trail"]


def test_cached_and_reasoning_tokens_are_told(gateway):
    usage = {
        "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    gateway.upstream.behave = lambda call: call.reply(200, completion("m", "x", usage=usage))
    line = gateway.exchange(gateway.chat())
    assert (line["cached_tokens"], line["reasoning_tokens"]) == (80, 40)


def test_a_stream_without_usage_is_counted_whole_however_it_is_cut(gateway):
    gateway.upstream.behave = says(" bb cc", count=30)
    stream = gateway.openai().chat.completions.create(
        model="auto", messages=MESSAGES, stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == " bb cc" * 30
    line = gateway.exchange(stream.response)
    assert (line["input_tokens"], line["output_tokens"]) == (PROMPT, 60)
    assert line["usage"] == "counted"
    assert float(line["cost"]) == cost(PROMPT, 60)


def test_a_stream_that_its_client_leaves_is_booked_as_far_as_it_came(gateway):
    gateway.upstream.behave = says(" bb", ends=False, count=12)
    before = gateway.metric("llm_cost_dollars_total", model="small", user_tier="free") or 0
    stream = gateway.openai().chat.completions.create(
        model="auto", messages=MESSAGES, stream=True
    )
    for _, _ in zip(range(12), stream):
        pass
    stream.close()
    gateway.upstream.called().cancelled.wait(5)
    line = gateway.exchange(stream.response)
    assert line["status"] == "cut"
    assert (line["input_tokens"], line["output_tokens"]) == (PROMPT, 12)
    assert line["usage"] == "counted"
    until(
        lambda: gateway.metric("llm_cost_dollars_total", model="small", user_tier="free") - before
        == cost(PROMPT, 12),
        "the cost of what passed",
    )


def test_reasoning_and_tool_calls_count_as_output(gateway):
    def behave(call):
        call.begin_stream()
        call.chunk(delta("m", {"role": "assistant", "reasoning_content": " a a a"}))
        call.chunk(delta("m", {"tool_calls": [
            {"index": 0, "id": "c", "type": "function", "function": {"name": "look", "arguments": ""}}
        ]}))
        call.chunk(delta("m", {"tool_calls": [{"index": 0, "function": {"arguments": " b b"}}]}))
        call.chunk(delta("m", {}, finish="tool_calls"))
        call.end_stream()

    gateway.upstream.behave = behave
    line = gateway.exchange(gateway.chat(stream=True, messages=MESSAGES))
    assert line["output_tokens"] == 3 + 1 + 2


def test_an_attempt_whose_answer_broke_is_booked_beside_the_one_that_answered(start, upstream):
    gateway = start(policy(upstream, targets={"fast": ["large", "small"], "powerful": ["large"]}))

    def behave(call):
        if call.json["model"] == "vendor-small":
            return call.answer()
        body = json.dumps(completion("m", "never whole")).encode()
        call.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        call.send(b"content-length: %d\r\n\r\n" % len(body) + body[:40])
        call.cut()

    upstream.behave = behave
    reply = gateway.chat(messages=MESSAGES)
    assert reply.headers["x-sluice-model"] == "small"
    line = gateway.exchange(reply)
    # The first is bounded by its bytes, since half a JSON text cannot be read.
    assert line["usage"] == "bounded"
    assert (line["input_tokens"], line["output_tokens"]) == (PROMPT + 11, 40 + 7)
    first = (PROMPT * 10 + 40 * 30) / 1e6
    assert float(reply.headers["x-sluice-cost"]) == pytest.approx(first + 25e-6)
    for model, dollars in [("large", first), ("small", 25e-6)]:
        spent = gateway.metric("llm_cost_dollars_total", model=model, user_tier="free")
        assert spent == pytest.approx(dollars)


def test_without_a_table_bytes_are_the_bound_and_that_is_told(start, upstream, tmp_path):
    empty = tmp_path / "nothing"
    empty.mkdir()
    # With models of unequal contexts in a target the start would be refused.
    gateway = start(
        policy(upstream, targets={"fast": ["small"]}),
        env={"SLUICE_DATA": str(empty), "UPSTREAM_KEY": UPSTREAM_KEY},
    )
    upstream.behave = without_usage("12345")
    line = gateway.exchange(gateway.chat(messages=MESSAGES))
    assert (line["input_tokens"], line["output_tokens"]) == (20 + 6, 5)
    assert line["usage"] == "bounded"
    gateway.exchange(gateway.chat(messages=MESSAGES))
    warned = [event for event in gateway.events("warning") if event["code"] == "no_token_table"]
    assert len(warned) == 1


def test_a_long_prompt_is_counted_off_the_loop_and_right(start, upstream):
    count = 200_000
    gateway = start(
        policy(
            upstream,
            routes=[
                {"name": "equal", "when": f"prompt.tokens == {count + 6}", "to": "fast"},
                {"name": "rest", "to": "powerful"},
            ],
        )
    )
    reply = gateway.chat(" a" * count)
    assert reply.headers["x-sluice-route"] == "equal"
    assert "request:long count:counted" in gateway.exchange(reply)["trail"]
    assert "request:understood route" in gateway.exchange(gateway.chat("Hi"))["trail"]


def test_both_counts_are_told_of_some_answers(start, upstream):
    # A policy that counts has the table in memory.
    gateway = start(
        policy(
            upstream,
            routes=[
                {"name": "short", "when": "prompt.tokens == 16", "to": "fast"},
                {"name": "rest", "to": "powerful"},
            ],
        )
    )
    gateway.chat(messages=MESSAGES)

    def counted(by):
        return gateway.metric(
            "sluice_reconciled_tokens_total", model="small", direction="input", counted_by=by
        )

    until(lambda: counted("sluice") == PROMPT, "what Sluice counted")
    assert counted("upstream") == 11


def test_the_end_of_a_stream_is_not_waited_for_and_its_connection_is_kept(gateway):
    def behave(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "x"}))
        call.chunk(delta("m", {}, finish="stop"))
        call.chunk(b"data: [DONE]\n\n")
        call.send(b"0\r\n\r\n")

    gateway.upstream.behave = behave
    opened = gateway.upstream.opened
    for _ in range(5):
        assert gateway.chat(stream=True).text.endswith("data: [DONE]\n\n")
    assert gateway.upstream.opened - opened <= 2
