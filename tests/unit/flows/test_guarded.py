"""A factor as flows know it: whatever a plugin does, nobody gets in and nobody is shut out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from sidecar.core.errors import ChallengeGone, PluginFailed, SidecarError, TooManyAttempts
from sidecar.core.messages import Message
from sidecar.core.model import (
    AuthenticatorId,
    Enrolled,
    Level,
    Prompt,
    Rejected,
    Session,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor, FactorTraits
from sidecar.flows.guarded import MOST_STATE_BYTES, GuardedFactor, Templates
from sidecar.flows.visit import Visit
from sidecar.metrics.words import Called
from tests.saboteur import Answer, Sabotaged, gives, raises
from tests.unit.flows.scene import GRACE, Phone, Scene, scene, watched

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Sly(Verified):
    """Names another authenticator each time it is asked."""


class SlyText(str):
    """A reason that is anything to anybody."""

    __slots__ = ()


class Odd(BaseException):
    """What no `except Exception` catches."""


class Custom(SidecarError):
    """A plugin's own error, under a status of its own."""

    status = 200


BROKEN: dict[str, Answer] = {
    "an exception": raises(KeyError("s3cret")),
    "a time-out of its own": raises(TimeoutError()),
    "the end of the process": raises(SystemExit(0)),
    "an exception of no kind": raises(Odd()),
    "a cancellation of its own": raises(asyncio.CancelledError()),
    "an error under our roof": raises(Custom()),
    "nothing": gives(None),
    "yes": lambda _right: True,
    "a word": gives("verified"),
    "a class": gives(Verified),
    "a look-alike": gives(type("Verified", (), {"authenticator_id": "a", "amr": ()})()),
    "a subclass": gives(Sly(AuthenticatorId("a"), ("otp",))),
    "a prompt of bytes": gives(Started(Prompt(cast("str", b"code")))),
    "a prompt of objects": gives(Started(Prompt("code", {"x": cast("str", object())}))),
    "a prompt without data": gives(Started(Prompt("code", cast("dict[str, str]", 7)))),
    "a prompt of none": gives(Started(cast("Prompt", None))),
    "a state of text": gives(Started(Prompt("code"), cast("bytes", "state"))),
    "a state without end": gives(Started(Prompt("code"), b"x" * (MOST_STATE_BYTES + 1))),
    "a list of messages": gives(Started(Prompt("code"), messages=cast("tuple[()]", []))),
    "no moment": gives(Started(Prompt("code"), expires_at=datetime(2026, 1, 1))),  # noqa: DTZ001
    "a message of none": gives(Started(Prompt("code"), messages=(cast("Message", None),))),
    "a reason of its own": gives(Rejected("because")),
    "a sly reason": gives(Rejected(SlyText("wrong"))),
    "a rejection of nobody's": gives(Rejected(authenticator_id=AuthenticatorId("theirs"))),
    "a material of text": gives(Enrolled(cast("SharedSecret", "secret"))),
}
RAISING = frozenset(list(BROKEN)[:6])
METHODS = ("begin_enrollment", "finish_enrollment", "begin_challenge", "finish_challenge")


@dataclass
class Stage:
    """A scene with one factor that may be sabotaged, and what was told of its calls."""

    here: Scene
    totp: Sabotaged
    told: list[tuple[str, Called]]
    phone: Phone

    async def go_through(self, method: str, visit: Visit) -> None:
        """Go through the ceremony that the method belongs to."""
        if method.endswith("challenge"):
            await self.here.prove(visit, self.phone)
            return
        enrollments = self.here.flows.enrollments
        code = await self.here.people.invite(GRACE, "desk")
        newcomer, _ = await self.here.enter(GRACE)
        begun = await enrollments.begin(newcomer, "totp", {}, invitation=code)
        answer = Phone(str(begun.prompt.data["secret"])).code(self.here.clock)
        await enrollments.finish(newcomer, begun.id, answer)


@pytest.fixture
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Ada has an app and spare codes; nothing is broken yet."""
    totp, told = Sabotaged(watched("totp")), list[tuple[str, Called]]()
    changes: dict[str, object] = {
        "factors": {"totp": totp, "backup_codes": watched("backup_codes")},
        "plugin_timeout": timedelta(milliseconds=300),
        "told_call": lambda *call: told.append(call),
    }
    async with scene(folder, None, **changes) as made:
        visit, phone = await made.enroll()
        await made.spare(visit, phone)
        yield Stage(made, totp, told, phone)


async def sessions_of(stage: Stage, visit: Visit) -> list[Session]:
    found = await stage.here.flows.sessions.of(visit)
    return [one for one in found if one.id == visit.require_session().id]


async def fails(stage: Stage, method: str, how: Called) -> None:
    """The ceremony ends in the one error, counted; nobody gained anything or lost another way."""
    visit, _ = await stage.here.enter()
    with pytest.raises(PluginFailed) as failed:
        await stage.go_through(method, visit)
    assert "s3cret" not in str(failed.value)
    assert stage.told[-1] == ("totp", how)
    assert await stage.here.held(GRACE) == ()
    (session,) = await sessions_of(stage, visit)
    assert session.proofs == ()


async def another_way_works(stage: Stage) -> None:
    visit, _ = await stage.here.enter()
    begun = await stage.here.flows.challenges.begin(visit, "backup_codes")
    spare = {"code": stage.phone.codes[0]}
    entered = await stage.here.flows.challenges.answer(visit, begun.id, spare)
    assert [proof.factor for proof in entered.session.proofs] == ["backup_codes"]


@pytest.mark.threat(47)
@pytest.mark.parametrize("method", METHODS)
async def test_a_broken_plugin_proves_nothing(stage: Stage, method: str) -> None:
    """Whatever a call raises or answers shows no proof, no enrollment, and another way in."""
    stage.totp.method = method
    for what, answer in BROKEN.items():
        stage.here.clock.travel(hours=2)  # so that no bound on tries is reached
        stage.totp.answer = answer
        await fails(stage, method, Called.RAISED if what in RAISING else Called.NONSENSE)
    await another_way_works(stage)


@pytest.mark.threat(47)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("stubborn", [False, True], ids=["stops", "goes on"])
async def test_a_plugin_that_hangs_is_given_up(stage: Stage, method: str, stubborn: bool) -> None:
    """A call that does not end in time shows that it failed, also if it then ends rightly."""
    stage.totp.method, stage.totp.hangs, stage.totp.stubborn = method, True, stubborn
    await fails(stage, method, Called.TIMED_OUT)
    await another_way_works(stage)


async def test_nobody_is_named_who_was_not_given(stage: Stage) -> None:
    """A verified authenticator that the plugin was not given shows as nonsense."""
    theirs = Verified(AuthenticatorId("theirs"), ("otp",))
    stage.totp.method, stage.totp.answer = "finish_challenge", gives(theirs)
    await fails(stage, "finish_challenge", Called.NONSENSE)


@pytest.mark.threat(50)
async def test_a_try_stays_counted_when_the_plugin_breaks(stage: Stage) -> None:
    """Five failures of a plugin show that the sixth answer is not looked at."""
    visit, _ = await stage.here.enter()
    stage.totp.method, stage.totp.answer = "finish_challenge", gives(None)
    for _ in range(5):
        with pytest.raises(PluginFailed):
            await stage.here.prove(visit, stage.phone)
    with pytest.raises(TooManyAttempts):
        await stage.here.prove(visit, stage.phone)


async def test_whoever_leaves_is_not_held(stage: Stage) -> None:
    """A task that is cancelled itself shows that this is no plugin's failure."""
    visit, _ = await stage.here.enter()
    stage.totp.method, stage.totp.hangs = "begin_challenge", True
    stage.told.clear()
    begins = asyncio.create_task(stage.here.flows.challenges.begin(visit, "totp"))
    await stage.totp.waiting.wait()
    begins.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begins
    assert stage.told == []


async def test_our_words_pass() -> None:
    """An error of ours that a plugin raises shows as itself, and counts as an answer."""
    told: list[tuple[str, Called]] = []
    factor = Sabotaged(watched("totp"), "begin_enrollment", raises(ChallengeGone()))
    guarded = GuardedFactor(
        "app", cast("Factor", factor), timedelta(seconds=5), tell=lambda *call: told.append(call)
    )
    with pytest.raises(ChallengeGone):
        await guarded.begin_enrollment(Context(GRACE, "grace", NOW, "e1"), {})
    assert told == [("app", Called.ANSWERED)]


async def test_no_plugin_raises_its_own_worth() -> None:
    """Traits that change later show that those of the start count."""
    factor = Sabotaged(watched("totp"))
    guarded = GuardedFactor("app", cast("Factor", factor), timedelta(seconds=5))
    factor.worth = FactorTraits(proves="possession", phishing_resistant=True)
    assert guarded.traits.strongest is Level.TWO_FACTOR


async def test_what_nobody_could_be_shown_is_nonsense() -> None:
    """A prompt or message without a template shows as the plugin's failure, by its name."""
    factor = cast("Factor", Sabotaged(watched("totp")))
    templates = Templates(frozenset({"code"}), frozenset())
    guarded = GuardedFactor("app", factor, timedelta(seconds=5), templates=templates)
    context = Context(GRACE, "grace", NOW, "e1")
    with pytest.raises(PluginFailed, match="no template for a prompt of kind 'totp_enrollment'"):
        await guarded.begin_enrollment(context, {})
    assert (await guarded.begin_challenge(context, ())).prompt.kind == "code"
    written = Started(Prompt("code"), messages=(Message("sms", "gone", "+49"),))
    factor = cast("Factor", Sabotaged(watched("totp"), "begin_challenge", gives(written)))
    guarded = GuardedFactor("app", factor, timedelta(seconds=5), templates=templates)
    with pytest.raises(PluginFailed, match="no template for the message 'gone'"):
        await guarded.begin_challenge(context, ())
    shown = Enrolled(SharedSecret(b"s"), reveal=Prompt("gone"))
    factor = cast("Factor", Sabotaged(watched("totp"), "finish_enrollment", gives(shown)))
    guarded = GuardedFactor("app", factor, timedelta(seconds=5), templates=templates)
    with pytest.raises(PluginFailed, match="no template for a prompt of kind 'gone'"):
        await guarded.finish_enrollment(context, bytes(20), {})
