"""Chat, streamed: every chunk as it comes, usage captured and shown only to who asked."""

import asyncio
import threading

import pytest

from harness.upstream import USAGE, delta, event
from harness.waiting import until
from harness.wire import events

MESSAGES = [{"role": "user", "content": "What is a sluice?"}]


def test_the_sdk_reads_a_stream(gateway):
    stream = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    chunks = list(stream)
    # A client that did not ask for usage indexes `choices[0]` of every chunk.
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "Water flows."
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)


def test_the_async_sdk_reads_a_stream(gateway):
    async def read():
        async with gateway.async_openai() as client:
            stream = await client.chat.completions.create(
                model="auto", messages=MESSAGES, stream=True
            )
            return "".join([c.choices[0].delta.content or "" async for c in stream])

    assert asyncio.run(read()) == "Water flows."


def test_forty_async_streams_at_once_keep_apart(gateway):
    gateway.upstream.behave = lambda call: call.stream(*[f"{call.prompt} "] * 20)

    async def read(client, number):
        stream = await client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": f"n{number}"}], stream=True
        )
        text = "".join([c.choices[0].delta.content or "" async for c in stream])
        return text == f"n{number} " * 20

    async def all_of_them():
        async with gateway.async_openai() as client:
            return await asyncio.gather(*[read(client, n) for n in range(40)])

    assert all(asyncio.run(all_of_them()))


def test_who_asks_for_usage_gets_it_in_the_last_chunk(gateway):
    chunks = list(
        gateway.openai().chat.completions.create(
            model="auto", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == USAGE["total_tokens"]
    assert all(chunk.choices and chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.parametrize("options", [{}, {"include_usage": False}, {"include_usage": True}])
def test_a_stream_is_metered_whether_or_not_the_client_asked(gateway, options):
    before = gateway.metric("llm_cost_dollars_total", model="small", user_tier="free")
    reply = gateway.chat(stream=True, stream_options=options or None)
    line = gateway.exchange(reply)
    assert (line["input_tokens"], line["output_tokens"]) == (11, 7)
    assert float(line["cost"]) == pytest.approx(25e-6)
    after = gateway.metric("llm_cost_dollars_total", model="small", user_tier="free")
    assert after - before == pytest.approx(25e-6)


def test_a_stream_ends_with_done_and_nothing_behind_it(gateway):
    reply = gateway.chat(stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    data = events(reply.content)
    assert data[-1] == "[DONE]" and data.count("[DONE]") == 1


def test_a_chunk_leaves_as_it_comes(gateway):
    go = threading.Event()

    def behave(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "first"}))
        call.hold(until=go)
        call.chunk(delta("m", {}, finish="stop"))
        call.end_stream()

    gateway.upstream.behave = behave
    stream = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    # Read while the upstream still has more to say.
    assert next(stream).choices[0].delta.content == "first"
    go.set()
    assert [c.choices[0].finish_reason for c in stream] == ["stop"]


def test_tool_calls_arrive_piece_by_piece(gateway):
    pieces = ['{"ci', 'ty":"', "Ulm", '"}']

    def behave(call):
        call.begin_stream()
        call.chunk(delta("m", {"role": "assistant", "content": None, "tool_calls": [
            {"index": 0, "id": "call_1", "type": "function",
             "function": {"name": "weather", "arguments": ""}}]}))
        for piece in pieces:
            call.chunk(delta("m", {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
        call.chunk(delta("m", {}, finish="tool_calls"))
        call.end_stream()

    gateway.upstream.behave = behave
    chunks = list(
        gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    )
    calls = [c.choices[0].delta.tool_calls[0] for c in chunks if c.choices[0].delta.tool_calls]
    assert calls[0].function.name == "weather" and calls[0].id == "call_1"
    assert "".join(c.function.arguments for c in calls) == '{"city":"Ulm"}'
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


# Vendors drift.


def test_usage_beside_choices_is_metered_and_not_hidden(gateway):
    def behave(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "a"}))
        call.chunk(delta("m", {}, finish="stop", usage=USAGE))
        call.end_stream()

    gateway.upstream.behave = behave
    reply = gateway.chat(stream=True)
    assert len(events(reply.content)) == 3
    assert gateway.exchange(reply)["output_tokens"] == 7


def test_cumulative_usage_counts_once(gateway):
    def behave(call):
        call.begin_stream()
        for count in (1, 2, 3):
            usage = {"prompt_tokens": 11, "completion_tokens": count, "total_tokens": 11 + count}
            call.chunk(delta("m", {"content": "a"}, usage=usage))
        call.chunk(delta("m", {}, finish="stop"))
        call.end_stream()

    gateway.upstream.behave = behave
    line = gateway.exchange(gateway.chat(stream=True))
    assert (line["input_tokens"], line["output_tokens"]) == (11, 3)


def test_comments_crlf_and_null_choices_are_taken_as_they_come(gateway):
    def behave(call):
        call.begin_stream()
        call.chunk(b": keep-alive\r\n\r\n")
        call.chunk(event(delta("m", {"content": "a"})).replace(b"\n", b"\r\n"))
        call.chunk(delta("m", None, choices=None))
        call.chunk(delta("m", {}, finish="stop"))
        call.end_stream()

    gateway.upstream.behave = behave
    reply = gateway.chat(stream=True)
    data = [d for d in events(reply.content) if d != "[DONE]" and d["choices"]]
    assert data[0]["choices"][0]["delta"]["content"] == "a"
    assert gateway.exchange(reply)["status"] == "success"


def test_an_end_without_done_gets_one_if_the_answer_was_whole(gateway):
    gateway.upstream.behave = lambda call: call.stream("a", done=False)
    reply = gateway.chat(stream=True)
    assert events(reply.content)[-1] == "[DONE]"
    assert gateway.exchange(reply)["status"] == "success"


def test_an_event_that_comes_byte_by_byte_is_whole(gateway):
    def behave(call):
        call.begin_stream()
        for byte in event(delta("m", {"content": "über"}, finish="stop")):
            call.chunk(bytes([byte]))
        call.end_stream()

    gateway.upstream.behave = behave
    data = events(gateway.chat(stream=True).content)
    assert data[0]["choices"][0]["delta"]["content"] == "über"


def test_a_plain_answer_to_a_stream_request_is_told_as_a_stream(gateway):
    gateway.upstream.behave = lambda call: call.answer("All at once.")
    chunks = list(
        gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    )
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "All at once."
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_active_requests_are_counted_while_they_run(gateway):
    go = threading.Event()

    def behave(call):
        call.begin_stream()
        call.chunk(delta("m", {"content": "a"}))
        call.hold(until=go)
        call.chunk(delta("m", {}, finish="stop"))
        call.end_stream()

    gateway.upstream.behave = behave
    stream = gateway.openai().chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    next(stream)
    assert gateway.metric("llm_active_requests") == 1
    go.set()
    list(stream)
    until(lambda: gateway.metric("llm_active_requests") == 0, "no active request")
