"""Twin of sidecar/proxy/forward.py; tests/attacks go further."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.errors import AccessDenied, StoreUnavailable
from sidecar.core.model import Identity, Level, Person, Session, SessionId, SessionStatus
from sidecar.core.policy import Effect, Rule
from sidecar.proxy.forward import Passage, Wardens, relayed
from sidecar.proxy.known import Said
from sidecar.proxy.route import Routed
from tests.clock import START, ManualClock
from tests.unit.proxy.requests import arrival

GUARDED = Rule("all", Effect.REQUIRE, Requirement(Level.TWO_FACTOR))
OPEN = Rule("open", Effect.BYPASS, GUARDED.need)
ADA = Identity(Person("app", "ada"), "app", set_cookies=(b"a=1", b"sidecar=evil"))
SESSION = Session(
    SessionId("s1"), ADA.person, SessionStatus.PROVEN, START, START + timedelta(hours=1), START
)
PLAIN = Routed("shop")
LOGOUT = Routed("shop", logout=True)
LOGIN = Routed("shop", login=True)


class Doubt(Said):
    """What was said, and may no longer hold."""

    @property
    def doubtful(self) -> bool:
        return True


class Watch:
    """Stands for identifier, sessions and live at once, and keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.other = False

    async def confirm(self, *_: object) -> None:
        await asyncio.sleep(0)
        self.told.append("confirmed")
        if self.other:
            raise AccessDenied

    def forget(self, *_: object) -> None:
        self.told.append("forgot")

    def signed_in(self, *_: object) -> None:
        self.told.append("signed in")

    def unsettle(self, _view: object, *, unsafe: bool) -> Callable[[], None]:
        self.told.append(f"unsettled, unsafe: {unsafe}")
        return lambda: self.told.append("settled")

    @staticmethod
    def hashed(_token: str) -> str:
        return "hash"

    async def recall(self, _token: str) -> object:
        return SimpleNamespace(proofs=("one",))

    async def drop_proofs(self, _session: object) -> None:
        self.told.append("signed out")

    @staticmethod
    def due(session: Session, now: datetime) -> bool:
        return now - session.last_seen_at >= timedelta(minutes=1)

    async def touch(self, _session: object) -> None:
        self.told.append("touched")

    def happened(self, _view: object) -> None:
        self.told.append("told others")

    def watch(self, session: Session, _end: object, _needs: object) -> Callable[[], None]:
        self.told.append(f"watches {session.id}")
        return lambda: self.told.append("watched")


def passage(
    routed: Routed = PLAIN,
    rule: Rule = GUARDED,
    *,
    method: str = "GET",
    said: Said | None = None,
    session: Session | None = None,
    now: datetime = START,
    many: bool = False,
) -> tuple[Passage, Watch]:
    watch: Any = Watch()
    asked = arrival("Cookie: __Host-sidecar=token", method=method)
    wardens = Wardens(watch, watch, watch, ManualClock(now), watch if many else None)
    said = said or Said(ADA)
    made = Passage(wardens, asked, routed, b"X: 1\r\n", rule=rule, said=said, session=session)
    return made, watch


async def head(made: Passage, status: int = 200, *, cookies: bool = False) -> None:
    wait = made.on_head(status, cookies)
    if wait is not None:
        await wait


def test_cookies_of_the_question() -> None:
    """Cookies set when the application was asked show on the answer, ours never."""
    made, _ = passage()
    assert made.relayed == ((b"Set-Cookie", b"a=1"),)
    assert relayed(None) == ()


def test_which_answers_are_private() -> None:
    """Rules show which answers no shared cache keeps: above bypass, unless they say otherwise."""
    kept = Rule("kept", Effect.REQUIRE, GUARDED.need, keep_cache=True)
    assert [passage(rule=rule)[0].private for rule in (GUARDED, OPEN, kept)] == [True, False, False]


async def test_an_ordinary_request_asks_nobody() -> None:
    """A safe request outside the login shows nothing to wait for and nobody to tell."""
    made, watch = passage()
    assert made.before_end() is None
    assert made.on_head(200, False) is None  # noqa: FBT003 - as the front calls it
    made.on_end()
    assert (made.on_lost(), watch.told) == (None, [])


async def test_doubt_is_cleared_before_the_end_and_at_the_head() -> None:
    """Credentials that may have changed hands show two questions, and another's answer none."""
    made, watch = passage(said=Doubt(ADA))
    wait = made.before_end()
    assert wait is not None
    await wait
    watch.other = True
    with pytest.raises(AccessDenied):
        await head(made, cookies=True)
    assert watch.told == ["confirmed", "confirmed"]


@pytest.mark.parametrize(
    ("status", "out"), [(200, True), (303, True), (399, True), (400, False), (500, False)]
)
async def test_signing_out(status: int, *, out: bool) -> None:
    """A logout that failed shows that nothing proven is dropped."""
    made, watch = passage(LOGOUT)
    await head(made, status)
    assert ("signed out" in watch.told) is out


async def test_cookies_are_new_credentials() -> None:
    """An answer that sets cookies shows that what they may change is asked anew."""
    for routed in (PLAIN, LOGOUT):
        made, watch = passage(routed)
        await head(made, cookies=True)
        assert watch.told[-1] == "forgot"


async def test_login_paths_unsettle_until_the_end() -> None:
    """A login shows that nothing known of its credentials counts while it is under way."""
    for method, unsafe in (("GET", False), ("POST", True)):
        made, watch = passage(LOGIN, OPEN, method=method)
        await head(made, 303)
        made.on_end()
        entered = [] if unsafe else ["signed in"]
        assert watch.told == [f"unsettled, unsafe: {unsafe}", *entered, "settled"]


@pytest.mark.parametrize(
    ("routed", "status", "cookies", "tells"),
    [
        (LOGIN, 303, False, True),
        (LOGIN, 200, True, True),
        (LOGIN, 200, False, False),
        (LOGOUT, 200, False, True),
        (PLAIN, 303, True, False),
    ],
)
async def test_what_shows_afterwards_is_told_to_others(
    routed: Routed, status: int, *, cookies: bool, tells: bool
) -> None:
    """A login path that leads on or sets cookies, and signing out, show other replicas told."""
    made, watch = passage(routed, many=True)
    await head(made, status, cookies=cookies)
    assert ("told others" in watch.told) is tells
    alone, watch = passage(routed)
    await head(alone, status, cookies=cookies)
    assert "told others" not in watch.told


async def test_others_who_were_told_before_are_told_of_the_end() -> None:
    """A sign-in that was announced shows its end told once, after whatever was lost of it."""
    for lost in (False, True):
        made, watch = passage(LOGIN, OPEN, method="POST", many=True)
        made.announced(lambda told=watch.told: told.append("over"))  # type: ignore[misc]
        await head(made, 303, cookies=True)
        assert "told others" not in watch.told
        wait = made.on_lost() if lost else None
        over = await wait if wait is not None else None
        made.on_end()
        if over is not None:
            assert "over" not in watch.told
            over()
        assert watch.told.count("over") == 1


async def test_unsafe_requests_forget_before_and_after() -> None:
    """An unsafe request shows that its credentials are asked about anew, before and after it."""
    made, watch = passage(method="POST")
    assert watch.told == ["forgot"]
    made.on_end()
    assert watch.told == ["forgot", "forgot"]


async def test_an_answer_nobody_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logout whose answer was lost shows dropped proofs, and doubt until it must be over."""
    made, watch = passage(LOGOUT)
    lost = made.on_lost()
    assert lost is not None
    over = await lost
    assert watch.told == ["unsettled, unsafe: False", "signed out"]
    over()
    assert watch.told[-1] == "settled"

    async def gone(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(watch, "drop_proofs", gone)
    again = made.on_lost()
    assert again is not None
    (await again)()


def test_who_is_watched() -> None:
    """A request of a session shows that it ends with it, but for signing out and open paths."""
    made, watch = passage(session=SESSION)
    done = made.watch(lambda _: None)
    assert done is not None
    done()
    assert watch.told == ["watches s1", "watched"]
    for routed, rule in ((LOGOUT, GUARDED), (PLAIN, OPEN)):
        assert passage(routed, rule, session=SESSION)[0].watch(lambda _: None) is None
    assert passage()[0].watch(lambda _: None) is None


async def test_signs_of_life_are_written_now_and_then() -> None:
    """What a tunnel's client says shows one write a minute, and none without a session."""
    made, watch = passage(session=SESSION)
    assert made.active() is None
    made, watch = passage(session=SESSION, now=START + timedelta(minutes=1))
    wait = made.active()
    assert wait is not None
    await wait
    assert (made.active(), watch.told) == (None, ["touched"])
    assert passage()[0].active() is None
