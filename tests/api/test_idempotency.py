"""A call that is sent again under its key is done once, whatever happens in between."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from sidecar.api.endpoint import Endpoint
from sidecar.api.endpoints import ENDPOINTS, named
from sidecar.core.errors import DeliveryFailed, Undelivered
from tests.api.calling import HOST, JSON, Api, Reply, api
from tests.api.lives import life
from tests.api.mail import Post, held, mailed
from tests.api.sound import Sound, sound
from tests.api.stored import differences, stored
from tests.api.story import RICH, lived
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
POSTS = tuple(one for one in ENDPOINTS if one.replayable)
VOLATILE = {"date", "x-request-id", REPLAYED.lower()}


def request(desk: Api, call: Sound, key: str) -> bytes:
    """Return a call as it goes over the wire."""
    body = json.dumps(call.body).encode()
    lines = (
        f"{call.endpoint.method} {call.target} HTTP/1.1",
        *("Host: x", f"Authorization: Bearer {desk.token}", f"{KEY}: {key}"),
        *(f"Content-Type: {JSON}", f"Content-Length: {len(body)}"),
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def given(reply: Reply) -> tuple[object, ...]:
    """Return what was answered, but for what names the call."""
    fields = {name.lower(): value for name, value in reply.headers.items()}
    fields = {name: value for name, value in fields.items() if name not in VOLATILE}
    return reply.status, fields, reply.raw


class Twice:
    """Makes every call that takes a key twice, and once more with another body."""

    def __init__(self, desk: Api) -> None:
        self._desk = desk
        self._calls = 0
        self.repeated: set[str] = set()

    async def send(self, call: Sound, token: str) -> Reply:
        if not call.endpoint.replayable:
            return await call.send(self._desk, token=token)
        self._calls += 1
        how = {"token": token, "headers": {KEY: f"call-{self._calls}"}}
        first = await call.send(self._desk, **how)
        before = stored(self._desk.folder)
        again = await call.send(self._desk, **how)
        assert given(again) == given(first), call.endpoint.name
        assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")
        other = Sound(call.endpoint, call.path, call.query, {**(call.body or {}), "more": 1})
        assert (await other.send(self._desk, **how)).told == (409, "idempotency-key-reused")
        assert differences(before, stored(self._desk.folder)) == [], call.endpoint.name
        self.repeated.add(call.endpoint.name)
        return first


async def test_every_call_is_done_once() -> None:
    """Each call of a whole life, sent twice under its key, shows the same answer and one effect;
    with another body, a conflict and none.
    """
    with quick_folder() as folder:
        async with api(folder, RICH) as desk:
            twice = Twice(desk)
            await lived(desk, twice.send)
    assert twice.repeated == {one.name for one in POSTS}


@pytest.mark.parametrize("endpoint", POSTS, ids=lambda one: one.name)
@pytest.mark.asyncio(loop_scope="module")
async def test_refusals_are_kept_too(desk: Api, endpoint: Endpoint) -> None:
    """A call that was refused shows the same refusal again, also once it would go well."""
    call = sound(endpoint)
    key = {KEY: f"refused-{endpoint.name}"}
    bad = Sound(endpoint, call.path, call.query, {**(call.body or {}), "more": 1})
    first, again = [await bad.send(desk, headers=key) for _ in range(2)]
    assert first.told == (422, "input-invalid")
    assert given(again) == given(first)
    assert again.headers[REPLAYED] == "true"


async def invited(desk: Api, key: str, *, token: str = "", user: str = "ada") -> Reply:
    """Return what comes of an invitation; each is another one."""
    headers = {KEY: key}
    body = {"user_id": user}
    return await desk.call(named("invite"), body, headers=headers, token=token or desk.token)


async def events(desk: Api, name: str) -> int:
    found = await desk.send("GET", f"/events?name={name}")
    return len(found.said["events"])


async def test_a_key_is_its_clients(folder: Path) -> None:
    """The same key of another client shows another call; a key that only looks alike does too."""
    async with api(folder) as desk:
        other, _ = await desk.client(name="other")
        first = await invited(desk, "k")
        assert first.status == 201
        assert (await invited(desk, "k", token=other)).said["code"] != first.said["code"]
        assert (await invited(desk, "K")).said["code"] != first.said["code"]
        assert (await invited(desk, "k")).said["code"] == first.said["code"]
        assert (await invited(desk, "k", user="grace")).told == (409, "idempotency-key-reused")


async def test_a_key_is_one_endpoints(folder: Path) -> None:
    """The same key at another endpoint, path or spelling of the body shows a conflict."""
    async with api(folder) as desk:
        headers = {KEY: "k", "Content-Type": JSON}
        body = b'{"user_id": "ada"}'
        assert (await desk.send("POST", "/config", body=body, headers=headers)).status == 201
        for target, sent in (
            ("/enable", body),
            ("/config", b'{"user_id":"ada"}'),
            ("/%63onfig", body),
            ("/users/ada/unlock", b'{"reason": "x"}'),
        ):
            reply = await desk.send("POST", target, body=sent, headers=headers)
            assert (target, *reply.told) == (target, 409, "idempotency-key-reused")


async def test_an_answer_is_for_who_may_call(folder: Path) -> None:
    """A client that was cut off shows no answer of before, and neither a wrong query nor another
    version of the API uses a key up.
    """
    async with api(folder) as desk:
        token, made = await desk.client(name="other")
        for target, more in (("/invitations?x=1", {}), ("/invitations", {"API-Version": "2"})):
            headers = {KEY: "k", "Content-Type": JSON, **more}
            reply = await desk.send(
                "POST", target, body=b'{"user_id": "ada"}', headers=headers, token=token
            )
            assert reply.status in {400, 422}
        assert (await invited(desk, "k", token=token)).status == 201
        await desk.clients.revoke(made.client.id, "operator:desk")
        assert (await invited(desk, "k", token=token)).told == (401, "token-refused")


async def test_many_at_once_are_one(folder: Path) -> None:
    """Twenty of the same call at once show one effect, and one answer to all who get one."""
    async with api(folder) as desk:
        replies = await asyncio.gather(*(invited(desk, "k") for _ in range(20)))
        codes = {reply.said["code"] for reply in replies if reply.status == 201}
        assert len(codes) == 1
        others = {reply.told for reply in replies if reply.status != 201}
        assert others <= {(409, "call-underway")}
        assert await events(desk, "person.invited") == 1
        assert (await invited(desk, "k")).said["code"] in codes


async def test_many_at_two_replicas_are_one(folder: Path, postgres: Server) -> None:
    """The same call ten times at each of two replicas of one database shows one effect."""
    with quick_folder() as second:
        async with (
            postgres.changes() as changes,
            api(folder, changes) as here,
            api(second, changes) as there,
        ):
            calls = (invited(desk, "k", token=here.token) for desk in (here, there) * 10)
            replies = await asyncio.gather(*calls)
            assert len({reply.said["code"] for reply in replies if reply.status == 201}) == 1
            others = {reply.told for reply in replies if reply.status != 201}
            assert others <= {(409, "call-underway")}
            assert await events(here, "person.invited") == 1


# --- a call that takes its time -------------------------------------------------------------------


async def mailing(desk: Api) -> Post:
    """Return what holds the codes that go out to somebody who can have them by mail."""
    one = await life(desk, "ada")
    fields = {"address": "ada@example.com"}
    begun = (await one.call("beginEnrollment", {"factor": "email", "fields": fields})).said
    path = {"enrollment_id": begun["enrollment_id"]}
    await one.call("finishEnrollment", {"code": mailed(desk)}, path=path)
    desk.world.clock.travel(hours=1)
    return held(desk)


async def challenged(desk: Api) -> Reply:
    """Return what comes of a challenge by mail; for each a letter goes out."""
    body = {"user_id": "ada", "factor": "email"}
    return await desk.call(named("beginChallenge"), body, headers={KEY: "k"})


async def test_the_second_of_two_does_not_wait(folder: Path) -> None:
    """A call whose first is still being answered shows 409 and when to come again; then, what the
    first was answered. One letter goes out.
    """
    async with api(folder, RICH) as desk, asyncio.TaskGroup() as tasks:
        post = await mailing(desk)
        first = tasks.create_task(challenged(desk))
        await post.brought.wait()
        second = await challenged(desk)
        assert second.told == (409, "call-underway")
        assert int(second.headers["Retry-After"]) >= 1
        post.go_on.set()
        assert (await first).status == 201
        again = await challenged(desk)
        assert given(again) == given(await first)
        assert post.sent == 1


async def test_a_lost_answer_can_be_had_again(folder: Path) -> None:
    """A client that goes away in the middle shows its call done, and is answered when it comes
    back with the key.
    """
    async with api(folder, RICH) as desk:
        post = await mailing(desk)
        call = Sound(named("beginChallenge"), {}, {}, {"user_id": "ada", "factor": "email"})
        _, writer = await asyncio.open_connection(HOST, desk.port)
        writer.write(request(desk, call, "k"))
        await post.brought.wait()
        writer.close()
        await writer.wait_closed()
        post.go_on.set()
        while (reply := await challenged(desk)).status != 201:
            assert reply.told == (409, "call-underway")
        assert reply.headers[REPLAYED] == "true"
        assert post.sent == 1


async def test_what_failed_may_be_tried_again(folder: Path) -> None:
    """A call that failed for a reason of ours shows to be done anew under its key."""
    async with api(folder, RICH) as desk:
        post = await mailing(desk)
        post.go_on.set()
        post.broken = DeliveryFailed("no wire", why=Undelivered.REFUSED)
        assert (await challenged(desk)).told == (502, "delivery-failed")
        post.broken = None
        desk.world.clock.travel(hours=1)
        again = await challenged(desk)
        assert (again.status, again.headers.get(REPLAYED)) == (201, None)


async def test_a_call_that_died_is_made_again(folder: Path) -> None:
    """A key that was claimed by a process that died shows a conflict for a minute, and then opens
    the call; what was answered shows for a day, and then the call is a new one.
    """
    async with api(folder) as desk:
        await claimed(desk, "k")
        assert (await invited(desk, "k")).told == (409, "call-underway")
        desk.world.clock.travel(seconds=59)
        assert (await invited(desk, "k")).told == (409, "call-underway")
        desk.world.clock.travel(seconds=1)
        first = await invited(desk, "k")
        assert (first.status, first.headers.get(REPLAYED)) == (201, None)
        desk.world.clock.travel(hours=23, minutes=59)
        assert given(await invited(desk, "k")) == given(first)
        desk.world.clock.travel(minutes=1)
        assert (await invited(desk, "k")).said["code"] != first.said["code"]


async def claimed(desk: Api, key: str) -> None:
    """The key is taken for an invitation, by somebody who says nothing more."""
    kit = desk.world.sidecar.flows.kit
    hashed = kit.tokens.api_hash(desk.token)
    assert hashed is not None
    said = b"POST\n/invitations\n" + json.dumps({"user_id": "ada"}).encode()
    async with kit.store.begin() as tx:
        token = await tx.tokens.find(hashed)
        assert token is not None
        which = hashlib.sha256(said).hexdigest()
        assert await tx.replays.claim(token.client.id, key, which, kit.clock()) is None
