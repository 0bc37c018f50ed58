"""Calls over HTTP: where they go, what they carry, how often they are tried, what fails."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from sidecar.client import Client, Patience, Tls, Unreachable
from sidecar.client.problems import PROBLEM, ProblemError
from sidecar.client.remote import MAX_ANSWER_BYTES, RemoteDesk
from tests.certificates import self_signed
from tests.tools.ports import free_ports
from tests.vendors.names import server_tls
from tests.vendors.peer import Heard, Mishap, Peer, answer, listening

TOKEN = "sct_0123456789abcdef"
CLOSE = "Connection: close"
ALIVE = answer(200, json.dumps({"status": "alive"}), CLOSE)
SWITCHED = answer(200, json.dumps({"user_id": "app:a", "enabled": True}), CLOSE)
WAITS = Patience(timeout_s=5, tries=3)
IMPATIENT = Patience(timeout_s=0.2, tries=1)


def problem(status: int, slug: str, *fields: str) -> bytes:
    body = {"type": slug, "title": slug, "status": status, "request_id": "r1"}
    return answer(status, json.dumps(body), f"Content-Type: {PROBLEM}", CLOSE, *fields)


def answers(heard: Heard) -> bytes:
    return ALIVE if heard.method == "GET" else SWITCHED


class Nap:
    """Sleeps not at all, and remembers for how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with listening(answers) as peer:
        yield peer


@pytest.fixture
def nap() -> Nap:
    return Nap()


@pytest.fixture
async def sidecar(peer: Peer, nap: Nap) -> AsyncIterator[Client]:
    async with Client(peer.url, token=TOKEN, patience=WAITS, sleep=nap) as sidecar:
        yield sidecar


async def test_a_call_carries_what_the_api_asks_for(peer: Peer, sidecar: Client) -> None:
    """A call shows its token, the version, its key and its body, and no cookie."""
    await sidecar.enable("a", reason="found again")
    (heard,) = peer.heard
    assert (heard.method, heard.target) == ("POST", "/enable")
    assert heard.header("Authorization") == f"Bearer {TOKEN}"
    assert heard.header("API-Version") == "1"
    assert heard.header("Content-Type") == "application/json"
    assert heard.header("Idempotency-Key")
    assert json.loads(heard.body) == {"user_id": "a", "reason": "found again"}
    assert heard.header("Cookie") == ""


async def test_an_address_may_have_a_path(peer: Peer) -> None:
    """A sidecar behind a path, written with and without the last slash, shows one target."""
    for url in (f"{peer.url}/mfa", f"{peer.url}/mfa/"):
        async with Client(url, token=TOKEN) as sidecar:
            await sidecar.health_live()
    assert [heard.target for heard in peer.heard] == ["/mfa/health/live"] * 2


@pytest.mark.parametrize("mishap", [Mishap.HANG_UP, Mishap.CUT])
async def test_what_can_be_done_twice_is_tried_again(
    peer: Peer, sidecar: Client, nap: Nap, mishap: Mishap
) -> None:
    """Lost answers show further tries of a `GET` and of a `POST`, the latter under one key."""
    peer.next_up.extend([mishap, mishap])
    assert (await sidecar.health_live()).status == "alive"
    assert nap.slept == [0.2, 0.4]
    peer.heard.clear()
    peer.next_up.extend([mishap, mishap])
    assert (await sidecar.enable("a")).enabled
    keys = {heard.header("Idempotency-Key") for heard in peer.heard}
    assert (len(peer.heard), len(keys)) == (3, 1)


async def test_what_cannot_is_not(peer: Peer, sidecar: Client, nap: Nap) -> None:
    """A lost answer to a change of one version shows no second try: it would seem to fail."""
    peer.next_up.append(Mishap.HANG_UP)
    with pytest.raises(Unreachable) as lost:
        await sidecar.change_config("a", version=3)
    assert lost.value.sent
    assert (len(peer.heard), nap.slept) == (1, [])


async def test_tries_end(peer: Peer, sidecar: Client) -> None:
    """A sidecar that never answers shows as many tries as were allowed, then the error."""
    peer.next_up.extend([Mishap.HANG_UP] * 9)
    with pytest.raises(Unreachable):
        await sidecar.health_live()
    assert len(peer.heard) == 3


@pytest.mark.parametrize(
    "said", [(429, "too-many-attempts"), (503, "store-unavailable"), (409, "call-underway")]
)
async def test_who_is_told_to_wait_waits(
    peer: Peer, sidecar: Client, nap: Nap, said: tuple[int, str]
) -> None:
    """Limits, outages and a call under way show a wait as long as was said, then the answer."""
    peer.next_up.append(problem(*said, "Retry-After: 4"))
    assert (await sidecar.enable("a")).enabled
    assert nap.slept == [4.0]


@pytest.mark.parametrize(
    "said",
    [
        problem(429, "too-many-attempts", "Retry-After: 900"),
        problem(503, "store-unavailable"),
        problem(409, "conflict"),
        problem(500, "internal-error", "Retry-After: 1"),
    ],
)
async def test_nobody_waits_long_or_in_vain(
    peer: Peer, sidecar: Client, nap: Nap, said: bytes
) -> None:
    """Long waits, and answers that waiting does not change, show the problem at once."""
    peer.next_up.append(said)
    with pytest.raises(ProblemError):
        await sidecar.enable("a")
    assert (len(peer.heard), nap.slept) == (1, [])


async def test_nothing_is_followed(peer: Peer, sidecar: Client) -> None:
    """A redirection shows as no answer of the API: the token goes nowhere else."""
    async with listening(answers) as elsewhere:
        peer.next_up.append(answer(307, "", f"Location: {elsewhere.url}/health/live"))
        with pytest.raises(Exception, match="status 307 without a problem"):
            await sidecar.health_live()
        assert elsewhere.heard == []


async def test_nobody_there_is_told_with_the_address(nap: Nap) -> None:
    """A port that nobody listens on shows the address and why, after the last try of any call."""
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    async with Client(url, token=TOKEN, sleep=nap) as sidecar:
        with pytest.raises(Unreachable, match=f"{url}: Connection refused") as lost:
            await sidecar.change_config("a", version=3)
    assert not lost.value.sent
    assert len(nap.slept) == 2


@pytest.mark.parametrize("mishap", [Mishap.SILENCE, Mishap.DRIP])
async def test_no_answer_in_time_is_an_error(peer: Peer, mishap: Mishap) -> None:
    """Silence, and an answer that never ends, show an error once the time is over."""
    peer.next_up.append(mishap)
    async with Client(peer.url, token=TOKEN, patience=IMPATIENT) as sidecar:
        with pytest.raises(Unreachable, match="no answer in time"):
            await sidecar.health_live()


async def test_an_answer_has_an_end(
    peer: Peer, sidecar: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer beyond the bound shows an error, and is not kept."""
    assert MAX_ANSWER_BYTES >= 1 << 20
    monkeypatch.setattr("sidecar.client.remote.MAX_ANSWER_BYTES", 10)
    peer.next_up.extend([ALIVE] * 3)
    with pytest.raises(Unreachable, match="more than 10 bytes"):
        await sidecar.health_live()


async def test_a_token_is_told_to_nobody_but_the_sidecar(peer: Peer) -> None:
    """Texts of the client, and of what it raises, show no token."""
    async with Client(peer.url, token=TOKEN, patience=IMPATIENT) as sidecar:
        peer.next_up.append(Mishap.HANG_UP)
        with pytest.raises(Unreachable) as lost:
            await sidecar.health_live()
        shown = f"{sidecar!r} {lost.value!r} {lost.value.__cause__!r}"
    assert TOKEN not in shown
    assert peer.url in repr(sidecar)
    with pytest.raises(ValueError, match="a token is one word") as odd:
        Client(peer.url, token=f"{TOKEN}\r\nX-Other: 1")
    assert TOKEN not in str(odd.value)


@pytest.mark.parametrize(
    "url",
    ["", "sidecar:8004", "ftp://sidecar", "http://", "http://[::1", "https://me:pw@sidecar"]
    + [f"https://sidecar/{end}" for end in ("?token=x", "#x")],
)
def test_an_address_is_checked_before_it_is_used(url: str) -> None:
    """What is no address of a sidecar shows an error that says what one looks like."""
    with pytest.raises(ValueError, match="an address"):
        RemoteDesk(url)


@pytest.mark.conforms("ASVS-12.3.1")
@pytest.mark.parametrize("host", ["sidecar", "10.0.0.1", "localhost.example.com", "[2001:db8::1]"])
def test_nothing_goes_readable_to_another_machine(host: str) -> None:
    """Other machines over http show an error, unless something else is said to encrypt."""
    with pytest.raises(ValueError, match="use https"):
        RemoteDesk(f"http://{host}:8004", token=TOKEN)
    assert RemoteDesk(f"http://{host}:8004", insecure_http=True).url == f"http://{host}:8004"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "[::1]"])
def test_this_machine_is_reached_without_tls(host: str) -> None:
    """Names of this machine show no error."""
    assert RemoteDesk(f"http://{host}:8004", token=TOKEN).url == f"http://{host}:8004"


async def test_a_socket_is_an_address(tmp_path: Path) -> None:
    """A sidecar at a unix socket shows that it is reached there, and named so."""

    async def alive(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        return web.json_response({"status": "alive"})

    app = web.Application()
    app.router.add_get("/health/live", alive)
    runner = web.AppRunner(app)
    await runner.setup()
    path = tmp_path / "api.sock"
    await web.UnixSite(runner, str(path)).start()
    try:
        async with Client(f"unix:{path}", token=TOKEN) as sidecar:
            assert (await sidecar.health_live()).status == "alive"
            assert repr(sidecar) == f"Client('unix:{path}')"
    finally:
        await runner.cleanup()
    path.unlink(missing_ok=True)
    async with Client(f"unix:{path}", token=TOKEN, sleep=Nap()) as sidecar:
        with pytest.raises(Unreachable, match="No such file"):
            await sidecar.health_live()


@pytest.mark.conforms("ASVS-12.3.2")
async def test_certificates_are_verified(tmp_path: Path, nap: Nap) -> None:
    """Certificates of the right and of another authority show that only the first is spoken to."""
    right, other = self_signed(tmp_path, name="right"), self_signed(tmp_path, name="other")
    async with listening(answers, tls=server_tls(right)) as peer:
        async with Client(peer.url, token=TOKEN, tls=Tls(ca=right)) as sidecar:
            assert (await sidecar.health_live()).status == "alive"
        for tls in (Tls(ca=other), None):
            async with Client(peer.url, token=TOKEN, tls=tls, sleep=nap) as sidecar:
                with pytest.raises(Unreachable, match="certificate verify failed"):
                    await sidecar.health_live()
        assert len(peer.heard) == 1


async def test_a_certificate_of_ours_is_shown(tmp_path: Path, nap: Nap) -> None:
    """A sidecar that asks for a certificate shows that ours is shown, and that none is refused."""
    server, ours = self_signed(tmp_path, name="server"), self_signed(tmp_path, name="ours")
    asking = server_tls(server)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(ours)
    async with listening(answers, tls=asking) as peer:
        async with Client(peer.url, tls=Tls(ca=server, certificate=ours)) as sidecar:
            await sidecar.health_live()
        assert peer.heard[0].header("Authorization") == ""
        async with Client(peer.url, tls=Tls(ca=server), sleep=nap) as sidecar:
            with pytest.raises(Unreachable):
                await sidecar.health_live()
    with pytest.raises(OSError, match="No such file"):
        Client("https://127.0.0.1:1", tls=Tls(ca=tmp_path / "none.pem"))


async def test_calls_share_connections_until_closed(peer: Peer, sidecar: Client) -> None:
    """Calls at once show that each is answered, and that a closed client opens anew."""
    await asyncio.gather(*(sidecar.health_live() for _ in range(5)))
    await sidecar.close()
    assert (await sidecar.health_live()).status == "alive"
    assert len(peer.heard) == 6
