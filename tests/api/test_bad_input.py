"""Every field of every endpoint with everything that can be wrong with it.

What is refused is told by its place, all at once, and nothing is changed by it.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from sidecar.api.endpoint import Endpoint
from sidecar.api.endpoints import ENDPOINTS, named
from tests.api.calling import JSON, Api, Reply
from tests.api.sound import placeholders, sound
from tests.api.stored import stored
from tests.api.wrongs import Wrong, unbounded, wrong_bodies, wrong_texts

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITH_BODY = tuple(one for one in ENDPOINTS if one.body is not None)
WITH_QUERY = tuple(one for one in ENDPOINTS if one.query is not None)
WITH_PATH = tuple(one for one in ENDPOINTS if placeholders(one))
HOSTILE_PARTS = {
    "line feed": "%0a",
    "NUL": "%00",
    "bidi": "a%e2%80%aeb",
    "no UTF-8": "%ff%fe",
    "surrogate": "%ed%a0%80",
    "no escape": "%zz",
    "half an escape": "%e",
    "not NFKC": "%ef%ac%81",
    "long": "x" * 321,
    "longer": "x" * 4000,
}
"""In no part of a path that names somebody or something."""
UNREADABLE = {"no UTF-8", "surrogate", "no escape", "half an escape"}
"""As they stand they would be names that are spelled otherwise."""


def _named(endpoint: Endpoint) -> str:
    return endpoint.name


def _lies(desk: Api) -> str:
    return json.dumps(stored(desk.folder), default=str)


def _wrongs(endpoint: Endpoint) -> Iterator[Wrong]:
    assert endpoint.body is not None
    yield from wrong_bodies(endpoint.body, sound(endpoint).body or {})


@pytest.mark.conforms("ASVS-2.2.1", "ASVS-15.3.3")
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_named)
async def test_every_field(desk: Api, endpoint: Endpoint) -> None:
    """One wrong thing in a body shows 422 and the pointer to it, and that nothing was changed."""
    call, before = sound(endpoint), _lies(desk)
    wrongs = list(_wrongs(endpoint))
    assert len(wrongs) > 5
    for wrong in wrongs:
        reply = await desk.call(endpoint, wrong.body, path=call.path, query=call.query)
        told = (wrong.what, wrong.pointer)
        if wrong.what == "surrogate":  # half a character is no text, so this is no JSON
            assert reply.told == (400, "malformed-request")
            continue
        assert (told, *reply.told) == (told, 422, "input-invalid")
        assert wrong.pointer in [fault["pointer"] for fault in reply.said["errors"]], told
        assert all(fault["detail"] for fault in reply.said["errors"])
    assert _lies(desk) == before


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=_named)
async def test_everything_is_bounded(endpoint: Endpoint) -> None:
    """No text, list or number of a body or query shows without a bound."""
    for model in (endpoint.body, endpoint.query):
        assert model is None or list(unbounded(model)) == []


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_named)
async def test_all_faults_at_once(desk: Api, endpoint: Endpoint) -> None:
    """A body in which every field is wrong shows each of them, up to twenty."""
    assert endpoint.body is not None
    call = sound(endpoint)
    body = {name: {"no": 1} for name in endpoint.body.model_fields}
    reply = await desk.call(endpoint, body, path=call.path, query=call.query)
    assert reply.status == 422
    told = {fault["pointer"].split("/")[1] for fault in reply.said["errors"]}
    assert told == set(list(body)[:20])


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=_named)
async def test_what_was_wrong_is_not_repeated(desk: Api, endpoint: Endpoint) -> None:
    """No answer shows a value that was sent, which may be a secret in the wrong place."""
    assert endpoint.body is not None
    call = sound(endpoint)
    for name in endpoint.body.model_fields:
        for value in ("canary-of-a-value\n", ["canary-of-a-value"], {"canary-of-a-value": 1}):
            body = {**(call.body or {}), name: value}
            reply = await desk.call(endpoint, body, path=call.path, query=call.query)
            if reply.status == 422 and isinstance(value, str | list):
                assert b"canary-of-a-value" not in reply.raw


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=_named)
async def test_every_query_parameter(desk: Api, endpoint: Endpoint) -> None:
    """A parameter that is unknown, twice there or wrong shows 422 and its name, never a change."""
    call, before = sound(endpoint), _lies(desk)
    known = endpoint.query.model_json_schema() if endpoint.query else {"properties": {}}
    bad = [("unknown", "canary", "1"), ("unknown", "Limit", "1"), ("unknown", "user_id[]", "x")]
    for name, schema in known["properties"].items():
        bad += [(what, name, text) for what, text in wrong_texts(schema) if what != "surrogate"]
    for what, name, text in bad:
        query = {**call.query, name: text}
        written = "&".join(f"{key}={quote(value)}" for key, value in query.items())
        reply = await _query(desk, endpoint, written)
        assert (what, name, *reply.told) == (what, name, 422, "input-invalid")
        assert name in [fault.get("parameter") for fault in reply.said["errors"]]
    for name in known["properties"]:
        reply = await _query(desk, endpoint, f"{name}=abcdefgh&{name}=abcdefgh")
        assert (name, reply.status) == (name, 422)
        assert reply.said["errors"][0] == {
            "pointer": "",
            "parameter": name,
            "detail": "occurs twice",
        }
    assert _lies(desk) == before


async def _query(desk: Api, endpoint: Endpoint, query: str) -> Reply:
    call = sound(endpoint)
    target = f"{call.target.partition('?')[0]}?{query}"
    body = None if call.body is None else json.dumps(call.body).encode()
    headers = {"Content-Type": JSON} if body else {}
    return await desk.send(endpoint.method, target, body=body, headers=headers)


@pytest.mark.parametrize("endpoint", WITH_PATH, ids=_named)
async def test_every_part_of_a_path(desk: Api, endpoint: Endpoint) -> None:
    """A part of a path that can name nobody and nothing shows 404, 410 or 422, never a change."""
    call, before = sound(endpoint), _lies(desk)
    for name in placeholders(endpoint):
        for what, part in HOSTILE_PARTS.items():
            target = call.target.replace(quote(call.path[name], safe=""), part, 1)
            assert part in target
            body = None if call.body is None else json.dumps(call.body).encode()
            headers = {"Content-Type": JSON} if body else {}
            reply = await desk.send(endpoint.method, target, body=body, headers=headers)
            allowed = {(422, "input-invalid"), (404, "not-found"), (410, "challenge-gone")}
            if what in UNREADABLE:
                allowed = {(400, "malformed-request")}
            assert reply.told in allowed, (what, reply.told)
            if reply.status == 422:
                assert [fault["parameter"] for fault in reply.said["errors"]] == [name]
    assert _lies(desk) == before


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=_named)
async def test_every_header_field(desk: Api, endpoint: Endpoint) -> None:
    """A header field of ours that says nothing we know shows a refusal that names it."""
    call, before = sound(endpoint), _lies(desk)
    if endpoint.scope is None:
        return
    for value in ("2", "", "1, 1", "one"):
        reply = await call.send(desk, headers={"API-Version": value})
        assert reply.told == (400, "version-unknown")
    if endpoint.replayable:
        for value in ("", "x" * 256, "a b", "caf\u00e9", "\u20ac", "a\tb"):
            reply = await call.send(desk, headers={"Idempotency-Key": value})
            assert (value, *reply.told) == (value, 422, "input-invalid")
            assert reply.said["errors"][0]["parameter"] == "Idempotency-Key"
    if endpoint.conditional:
        for value in ("", "1", '"one"', '"1", "2"', '"-1"', '"' + "9" * 10 + '"', "''", "**"):
            reply = await call.send(desk, headers={"If-Match": value})
            assert (value, *reply.told) == (value, 422, "input-invalid")
            assert reply.said["errors"][0]["parameter"] == "If-Match"
        for value in ("*", '"1"', 'W/"7"'):
            nobody = dict.fromkeys(call.path, "nobody-yet")
            reply = await desk.call(endpoint, call.body, path=nobody, headers={"If-Match": value})
            assert reply.told == (412, "precondition-failed")
    assert _lies(desk) == before


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "a b",
        "a+b",
        "a%b",
        "%2e",
        "%ff",
        "é",
        "a?b#c",
        "a;b=c",
        "a:b",
        ".",
        "..",
        "a\\b",
        '"',
    ],
)
async def test_odd_names_are_taken_as_they_are(desk: Api, name: str) -> None:
    """A person whose name has characters of URLs in it shows to be that person and nobody else."""
    target = f"/config/{quote(name, safe='').replace('.', '%2E')}"
    reply = await desk.send("PUT", target, body=b"{}", headers={"Content-Type": JSON})
    assert (reply.status, reply.said["user_id"]) == (201, f"app_login:{name}")
    reply = await desk.send("GET", target)
    assert (reply.status, reply.said["user_id"]) == (200, f"app_login:{name}")
    body = json.dumps({"user_id": name}).encode()
    reply = await desk.send("POST", "/config", body=body, headers={"Content-Type": JSON})
    assert reply.told == (409, "conflict")


CURSORS = (
    *("[]", "{}", "null", "0", '""', "[null]", "[[]]", "[1.5]", "[true]", "[NaN]", "[-1]", "["),
    *('["a"]', "[1]", '["a","b"]', "[1,2]", '["a",1]', '["a","b","c"]', "[1e400]", "[1e9]"),
    *(f"[{2**63}]", f"[{'9' * 500}]", r'["\ud800","b"]', r'["a\u0000","b"]', "[" * 500),
)
"""What a cursor could hold that somebody made up."""


@pytest.mark.parametrize("name", ["listUsers", "listAttempts", "listEvents", "exportUsers"])
async def test_made_up_cursors(desk: Api, name: str) -> None:
    """A cursor that nobody gave shows a page or a refusal that names it, and never a fault."""
    endpoint, refused = named(name), 0
    for held in CURSORS:
        cursor = urlsafe_b64encode(held.encode()).decode().rstrip("=")
        if endpoint.body is None:
            reply = await desk.call(endpoint, query={"cursor": cursor})
            place = ("parameter", "cursor")
        else:
            reply = await desk.call(endpoint, {**endpoint.example, "cursor": cursor})
            place = ("pointer", "/cursor")
        if reply.status != 200:
            assert (held, *reply.told) == (held, 422, "input-invalid")
            assert place in reply.said["errors"][0].items()
            refused += 1
    assert refused > len(CURSORS) / 2
