"""Who is who: keys, products, and headers that count only from where they may."""

import pytest

import openai

from harness.bundle import policy
from harness.waiting import until
from harness.wire import Reader, ask, chat, request

MESSAGES = [{"role": "user", "content": "Hello"}]


def keyed(upstream, **identity):
    return policy(
        upstream,
        identity={"keys": "keys.jsonl", **identity},
        products={"support": {}, "pricing": {}},
    )


def test_no_key_and_a_wrong_key_are_authentication_errors(start, upstream, keys):
    _, key = keys.add()
    gateway = start(keyed(upstream))
    reply = gateway.chat()
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "missing_api_key")
    with pytest.raises(openai.AuthenticationError) as caught:
        gateway.openai("sk-sluice-wrong").chat.completions.create(model="auto", messages=MESSAGES)
    assert caught.value.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        gateway.openai("sk-sluice-wrong").models.list()
    assert gateway.openai(key).chat.completions.create(model="auto", messages=MESSAGES)
    assert upstream.count == 1


def test_a_key_is_compared_to_its_last_byte_and_case(start, upstream, keys):
    _, key = keys.add()
    gateway = start(keyed(upstream))
    last = "a" if key[-1] != "a" else "b"
    for wrong in [key[:-1] + last, key[:-1], key + "a", key.swapcase(), key[:40] + "x" * 13]:
        assert gateway.chat(key=wrong).status_code == 401, wrong
    assert gateway.chat(key=key).status_code == 200


def test_keys_are_added_rotated_and_revoked_while_the_server_runs(start, upstream, keys):
    gateway = start(keyed(upstream))

    def answers(key):
        return gateway.chat(key=key).status_code == 200

    identifier, key = keys.add(user="ada")
    until(lambda: answers(key), "a new key works")
    fresh_identifier, fresh = keys.rotate(identifier)
    until(lambda: answers(fresh), "the new key of a rotation works")
    until(lambda: not answers(key), "the old key of a rotation is refused")
    keys.revoke(fresh_identifier)
    until(lambda: not answers(fresh), "a revoked key is refused")
    assert fresh_identifier in keys.list() and fresh not in keys.list()
    # Keys are no policy.
    assert gateway.generation() == 1


def test_an_expired_key_is_refused(start, upstream, keys, state):
    _, key = keys.add(expires="2089-01-01")
    _, good = keys.add(expires="2090-01-01")
    file = state / "keys.jsonl"
    # The command refuses a day that has passed; files may say anything.
    file.write_text(file.read_text().replace("2089-", "2020-"))
    gateway = start(keyed(upstream))
    assert gateway.chat(key=key).status_code == 401
    assert gateway.chat(key=good).status_code == 200


def test_a_line_of_keys_that_makes_no_sense_takes_no_other_with_it(start, upstream, keys, state):
    _, key = keys.add()
    with open(state / "keys.jsonl", "a") as file:
        file.write("this is no key\n")
    _, other = keys.add()
    gateway = start(keyed(upstream))
    assert gateway.chat(key=key).status_code == gateway.chat(key=other).status_code == 200
    until(
        lambda: any(event.get("bad_lines") == ["2"] for event in gateway.events("keys")),
        "the number of the bad line",
    )


def test_the_files_of_the_state_folder_are_its_owner_s(start, upstream, keys, state):
    keys.add()
    start(keyed(upstream))
    assert state.stat().st_mode & 0o777 == 0o700
    for path in state.iterdir():
        if path.is_file():
            assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_key_speaks_for_its_products_only(start, upstream, keys):
    _, key = keys.add(products=["support", "pricing"])
    gateway = start(keyed(upstream))

    def asked(**headers):
        return gateway.chat(key=key, headers={k.replace("_", "-"): v for k, v in headers.items()})

    assert gateway.exchange(asked())["product"] == "support"
    assert gateway.exchange(asked(x_sluice_product="pricing"))["product"] == "pricing"
    with pytest.raises(openai.PermissionDeniedError) as caught:
        gateway.openai(key, default_headers={"X-Sluice-Product": "other"}).chat.completions.create(
            model="auto", messages=MESSAGES
        )
    assert caught.value.code == "product_not_allowed"


def test_user_and_tier_headers_count_for_nothing_unless_granted(start, upstream, keys):
    _, key = keys.add(user="ada", tier="free")
    gateway = start(keyed(upstream))
    line = gateway.exchange(
        gateway.chat(key=key, user="body", headers={"x-sluice-user": "eve", "x-sluice-tier": "premium"})
    )
    assert (line["user"], line["tier"]) == ("ada", "free")


@pytest.mark.parametrize("network, user", [("127.0.0.0/8", "eve"), ("10.0.0.0/8", "ada")])
def test_user_headers_count_from_trusted_networks_only(start, upstream, keys, network, user):
    _, key = keys.add(user="ada", tier="free")
    gateway = start(keyed(upstream, headers={"trust_from": [network], "accept": ["user"]}))
    line = gateway.exchange(
        gateway.chat(key=key, headers={"x-sluice-user": "eve", "x-sluice-tier": "premium"})
    )
    # The tier is never accepted here: `accept` does not name it.
    assert (line["user"], line["tier"]) == (user, "free")


def test_a_trusted_network_may_name_a_tier_that_exists(start, upstream, keys):
    _, key = keys.add(tier="free")
    gateway = start(keyed(upstream, headers={"trust_from": ["127.0.0.1/32"], "accept": ["tier"]}))
    assert gateway.exchange(gateway.chat(key=key, headers={"x-sluice-tier": "premium"}))["tier"] == "premium"
    assert gateway.chat(key=key, headers={"x-sluice-tier": "golden"}).status_code == 403


def per_address(upstream, trusted):
    return policy(
        upstream,
        identity={"keys": "keys.jsonl", "headers": {"trust_from": trusted, "accept": []}},
        limits={"per-ip": {"key": "client.ip", "rate": "1/h"}},
    )


def test_the_address_is_the_right_most_hop_that_is_not_trusted(start, upstream, keys):
    _, key = keys.add()
    gateway = start(per_address(upstream, ["127.0.0.0/8", "10.0.0.0/8"]))

    def status(forwarded):
        return gateway.chat(key=key, headers={"x-forwarded-for": forwarded}).status_code

    assert status("203.0.113.1, 10.1.2.3") == 200
    # What stands left of it was written by somebody else.
    assert status("198.51.100.7, 203.0.113.1") == 429
    assert status("203.0.113.1:4711, 10.9.9.9") == 429
    assert status("203.0.113.2") == 200
    # IPv6 counts by /64.
    assert status("2001:db8::1") == 200
    assert status("[2001:db8::ffff]:80") == 429


def test_a_forwarded_address_from_anywhere_else_is_not_read(start, upstream, keys):
    _, key = keys.add()
    gateway = start(per_address(upstream, ["10.0.0.0/8"]))
    assert gateway.chat(key=key, headers={"x-forwarded-for": "203.0.113.1"}).status_code == 200
    assert gateway.chat(key=key, headers={"x-forwarded-for": "203.0.113.2"}).status_code == 429


@pytest.mark.parametrize(
    "authorization, status",
    [
        ("Bearer sk-MARKER\x00", 400),
        ("Bearer sk-MARKER\x1b[31m", 400),
        ("Bearer " + "MARKER" * 11000, 431),
        ("Bearer " + "MARKER" * 200, 401),
        ("Bearer MARKER' OR '1'='1' --", 401),
        ("Bearer MARKER\xff\xfe\xc3", 401),
        ("Bearer", 401),
        ("Bearer  ", 401),
        ("Basic TUFSS0VS", 401),
        ("MARKER", 401),
    ],
)
def test_a_token_of_any_shape_is_refused_and_never_logged(start, upstream, keys, authorization, status):
    keys.add()
    gateway = start(keyed(upstream))
    with gateway.connect() as connection:
        reply = ask(connection, request(chat(), fields=[("Authorization", authorization)]))
    assert reply.status == status
    assert b"MARKER" not in reply.body
    assert gateway.stop() == 0
    assert "MARKER" not in gateway.out.text + gateway.err.text
    assert upstream.count == 0


def test_two_keys_in_one_request_are_no_key(start, upstream, keys):
    _, key = keys.add()
    gateway = start(keyed(upstream))
    bearer = ("Authorization", f"Bearer {key}")
    with gateway.connect() as connection:
        assert ask(connection, request(chat(), fields=[bearer, bearer])).status == 401


def test_a_tier_s_models_bind_what_its_keys_may_name_and_reach(start, upstream, keys):
    _, free = keys.add(tier="free")
    _, premium = keys.add(tier="premium")
    sections = keyed(upstream)
    sections["tiers"] = {"free": {"models": ["small"]}, "premium": {}}
    gateway = start(sections)
    assert {m.id for m in gateway.openai(free).models.list()} == {"auto", "fast", "powerful", "small"}
    assert "large" in {m.id for m in gateway.openai(premium).models.list()}
    assert gateway.chat(key=free, model="large").status_code == 404
    assert gateway.chat(key=free, model="powerful").headers["x-sluice-model"] == "small"
    assert gateway.chat(key=premium, model="powerful").headers["x-sluice-model"] == "large"
