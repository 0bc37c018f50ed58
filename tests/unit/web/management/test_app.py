"""What holds around every endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient
from structlog.testing import capture_logs

from sidecar.api.endpoint import Endpoint
from sidecar.api.words import ApiModel, Line
from sidecar.core.api_errors import ScopeMissing, TokenMissing
from sidecar.core.clients import ApiClient, ClientId, Scope
from sidecar.core.errors import Conflict, TooManyAttempts
from sidecar.core.replays import KeptAnswer, Replay
from sidecar.flows.naming import Naming
from sidecar.flows.replaying import Replaying
from sidecar.web.management.app import Management, build_management
from sidecar.web.management.call import Answer, Call
from tests.clock import ManualClock

DESK = ApiClient(ClientId("desk"), "desk", frozenset({Scope.CONFIG_WRITE}))


class Said(ApiModel):
    text: Line


class Heard(ApiModel):
    text: str
    times: int


POST = Endpoint(
    *("POST", "/said", "say", "talk", "Say something", Scope.CONFIG_WRITE),
    {201: Heard},
    body=Said,
)
GET = Endpoint("GET", "/said/{user_id}", "hear", "talk", "Hear", Scope.USERS_READ, {200: Heard})
OPEN = Endpoint("GET", "/open", "open", "talk", "Open", None, {200: None}, media="text/plain")


class Doors:
    """A gate that knows one client by one header."""

    async def admit(self, request: web.Request, scope: Scope | None) -> ApiClient:
        if scope is not None and request.headers.get("Authorization") != "Bearer good":
            raise TokenMissing
        if scope is Scope.USERS_READ:
            raise ScopeMissing(scope)
        return DESK


class Memory:
    """Answers that are kept in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Replay] = {}
        self.replays = self

    @asynccontextmanager
    async def begin(self, *_people: object) -> AsyncIterator["Memory"]:
        yield self

    async def claim(self, client: str, key: str, hashed: str, now: object) -> Replay | None:
        del client, now
        before = self.kept.get(key)
        self.kept.setdefault(key, Replay(hashed, None))
        return before

    async def settle(self, client: str, key: str, answer: KeptAnswer, now: object) -> None:
        del client, now
        self.kept[key] = Replay(self.kept[key].request_hash, answer)

    async def drop(self, client: str, key: str) -> None:
        del client
        self.kept.pop(key)


class Talk:
    """Handlers that count what they were asked."""

    times = 0
    fails: Exception | None = None

    async def say(self, call: Call) -> Answer:
        self.times += 1
        if self.fails is not None:
            raise self.fails
        return Answer(Heard(text=call.sent(Said).text, times=self.times))

    async def hear(self, call: Call) -> Answer:
        return Answer(Heard(text=call.person().subject, times=0))

    async def open(self, _call: Call) -> Answer:
        return Answer(raw=b"hello", headers={"Content-Type": "text/plain"})


Client = TestClient[Any, Any]


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, talk: Talk) -> Client:
    store: Any = Memory()
    gate: Any = Doors()
    parts = Management(
        gate, Naming({"app": ()}), Replaying(store, ManualClock()), types="/problems/"
    )
    handlers = {"say": talk.say, "hear": talk.hear, "open": talk.open}
    return await aiohttp_client(build_management(parts, (POST, GET, OPEN), handlers))


GOOD = {"Authorization": "Bearer good"}


async def test_an_answer_says_what_and_in_which_version(client: Client) -> None:
    """An answer shows the model as JSON, the endpoint's status, an id, and no cache."""
    answer = await client.post("/said", json={"text": "hi"}, headers=GOOD)
    assert answer.status == 201
    assert await answer.json() == {"text": "hi", "times": 1}
    assert answer.headers["API-Version"] == "1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.headers["X-Request-Id"]) == 16


async def test_what_is_no_json_keeps_its_type(client: Client) -> None:
    """An open endpoint shows its text to anybody."""
    answer = await client.get("/open")
    assert (await answer.text(), answer.content_type) == ("hello", "text/plain")


async def test_strangers_learn_nothing_of_their_input(client: Client, talk: Talk) -> None:
    """Whoever has no token shows 401 whatever they sent, and nothing was done."""
    for body in (b"", b"{", b'{"text": "hi"}'):
        answer = await client.post("/said", data=body)
        assert answer.status == 401
        assert "errors" not in await answer.json()
    assert (await client.get("/said/alice", headers=GOOD)).status == 403
    assert talk.times == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/said", 405, "method-not-allowed"),
        ("POST", "/said", 415, "media-type-unsupported"),
    ],
)
async def test_every_error_is_a_problem(
    client: Client, method: str, path: str, *, status: int, slug: str
) -> None:
    """Errors of routing and reading show problem documents too."""
    answer = await client.request(method, path, headers=GOOD)
    told = await answer.json(content_type="application/problem+json")
    assert (answer.status, told["type"]) == (status, f"/problems/{slug}")
    assert told["request_id"] == answer.headers["X-Request-Id"]
    if status == 405:
        assert answer.headers["Allow"] == "POST"


async def test_what_breaks_says_only_its_id(
    client: Client, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception nobody named shows a 500 without its words."""
    talk.fails = LookupError("swordfish")
    answer = await client.post("/said", json={"text": "hi"}, headers=GOOD)
    assert answer.status == 500
    assert "swordfish" not in await answer.text()
    del caplog


# --- idempotency keys -----------------------------------------------------------------------------


async def test_a_call_sent_twice_is_done_once(client: Client, talk: Talk) -> None:
    """The second call of a key shows the first one's answer, and says so."""
    keyed = GOOD | {"Idempotency-Key": "k1"}
    first = await client.post("/said", json={"text": "hi"}, headers=keyed)
    second = await client.post("/said", json={"text": "hi"}, headers=keyed)
    assert (first.status, await first.read()) == (second.status, await second.read())
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert talk.times == 1


async def test_a_key_names_one_call(client: Client, talk: Talk) -> None:
    """Another body under the same key shows a conflict, and is not done."""
    keyed = GOOD | {"Idempotency-Key": "k1"}
    await client.post("/said", json={"text": "hi"}, headers=keyed)
    other = await client.post("/said", json={"text": "ho"}, headers=keyed)
    assert (await other.json())["type"] == "/problems/idempotency-key-reused"
    assert (other.status, talk.times) == (409, 1)


@pytest.mark.parametrize(
    ("fails", "again"),
    [
        (Conflict("no"), False),
        (TooManyAttempts("later"), True),
        (LookupError("broken"), True),
    ],
)
async def test_what_may_go_otherwise_is_tried_again(
    client: Client, talk: Talk, fails: Exception, again: bool
) -> None:
    """A refusal shows to be kept; a limit and a fault of ours show another try."""
    keyed = GOOD | {"Idempotency-Key": "k1"}
    talk.fails = fails
    await client.post("/said", json={"text": "hi"}, headers=keyed)
    talk.fails = None
    second = await client.post("/said", json={"text": "hi"}, headers=keyed)
    assert (second.status == 201) is again


async def test_input_that_is_wrong_is_answered_alike_each_time(client: Client) -> None:
    """A body that does not fit shows the same problem under its key."""
    keyed = GOOD | {"Idempotency-Key": "k1"}
    told = [await (await client.post("/said", json={}, headers=keyed)).json() for _ in range(2)]
    assert told[0] == told[1]
    assert told[0]["errors"] == [{"pointer": "/text", "detail": "field required"}]


async def test_the_log_says_who_called_what(client: Client) -> None:
    """A call shows in the log with its id, client and outcome, and with nothing that it sent."""
    with capture_logs() as logs:
        answer = await client.post("/said", json={"text": "swordfish"}, headers=GOOD)
        await client.get("/open")
    [said] = [line for line in logs if line["event"] == "management.called"]
    assert said["request_id"] == answer.headers["X-Request-Id"]
    assert (said["endpoint"], said["client"], said["status"]) == ("say", "desk", 201)
    assert "swordfish" not in repr(logs)
