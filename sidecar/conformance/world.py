"""A person with a device, and the part of a flow that stores what a factor returns."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Final, TypeVar

from sidecar.conformance.case import Broken, Case, Device, Late, Seen
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Enrolled,
    Material,
    Person,
    Prompt,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor

T = TypeVar("T")

NOW: Final = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
ADA: Final = Person("shop", "ada")
EVE: Final = Person("shop", "eve")
ORIGIN: Final = "https://shop.example.com"
NOTHING: Final = timedelta(0)
MOST_STEPS: Final = 8
"""An enrollment that asks more often than this never ends."""

_NOTHING_YET: Final = Started(Prompt(""))


@dataclass(frozen=True, slots=True)
class Opened:
    """An open challenge, as the flow keeps it."""

    id: str
    started: Started
    person: Person
    held: tuple[Authenticator, ...]


@dataclass(slots=True)
class World:
    """A person who has enrolled; each call of the factor is made by another instance of it."""

    case: Case
    device: Device
    enrolled: Enrolled
    authenticator: Authenticator
    enrolled_with: Response
    """What confirmed the enrollment, at its last step."""
    person: Person = ADA
    now: datetime = NOW
    seen: list[str] = field(default_factory=list)
    """The reprs of everything the factor returned."""
    begun: int = 0

    def context(self, opened: Opened, held: tuple[Authenticator, ...] | None = None) -> Context:
        who = opened.person
        given = opened.held if held is None else held
        return Context(who, f"{who.subject}@example.com", self.now, opened.id, given)

    async def begin(
        self,
        *,
        person: Person | None = None,
        held: tuple[Authenticator, ...] | None = None,
        waited: bool = True,
    ) -> Opened:
        """A challenge is open; time has gone on until the device has a new answer, if `waited`."""
        self.now += self.device.pace if waited else NOTHING
        self.begun += 1
        which = f"challenge-{self.person.subject}-{self.begun}"
        given = (self.authenticator,) if held is None else held
        opened = Opened(which, _NOTHING_YET, person or self.person, given)
        begun = self.case.build().begin_challenge(self.context(opened), given)
        started = await bounded(self.case, begun, "begin_challenge")
        self.seen.append(repr(started))
        return replace(opened, started=started)

    def answer(self, opened: Opened) -> Response:
        return self.device.answer(self.sees(opened))

    def sees(self, opened: Opened) -> Seen:
        return Seen(opened.started.prompt, opened.started.messages, self.now, ORIGIN)

    async def finish(
        self,
        opened: Opened,
        response: Response,
        *,
        held: tuple[Authenticator, ...] | None = None,
    ) -> Verified | Rejected:
        """Return the factor's word on an answer."""
        context = self.context(opened, held)
        given = opened.held if held is None else held
        called = self.case.build().finish_challenge(context, given, opened.started.state, response)
        outcome = await bounded(self.case, called, "finish_challenge")
        self.seen.append(repr(outcome))
        return outcome

    async def must_reject(self, response: Response, what: str) -> None:
        """Another challenge, begun at this moment, rejects an answer that is none to it.

        Raises:
            Broken: it was verified; `what` says what that means.

        """
        outcome = await self.finish(await self.begin(waited=False), response)
        if isinstance(outcome, Verified):
            raise Broken(what)

    def store(self, outcome: Verified | Rejected) -> None:
        """The material is the one that the factor returned, if it returned any."""
        held = self.authenticator
        material = outcome.material or held.material
        self.authenticator = replace(held, material=material, version=held.version + 1)

    async def sign_in(self) -> Response:
        """The person has signed in with the answer that is returned."""
        opened = await self.begin()
        response = self.answer(opened)
        outcome = await self.finish(opened, response)
        if not isinstance(outcome, Verified):
            raise Broken(f"the device's own answer was rejected: {outcome.reason}")
        self.store(outcome)
        return response


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an enrollment, and the device's right answer to it."""

    context: Context
    started: Started
    seen: Seen
    right: Response
    device: Device


async def a_world(
    case: Case, person: Person = ADA, *, at: Callable[[Step], Awaitable[None]] | None = None
) -> World:
    """Return a person who has just enrolled; `at` is given each step before it is answered.

    Raises:
        Broken: the device's own answers do not enroll it.

    """
    device = Careful(case.device())
    context = Context(person, f"{person.subject}@example.com", NOW, f"enrollment-{token_hex(8)}")
    begun = case.build().begin_enrollment(context, {})
    outcome: Enrolled | Rejected | Started = await bounded(case, begun, "begin_enrollment")
    told, response = [repr(outcome)], {}
    for _ in range(MOST_STEPS):
        if not isinstance(outcome, Started):
            break
        seen = Seen(outcome.prompt, outcome.messages, context.now, ORIGIN)
        response = dict(device.enroll(seen))
        if at is not None:
            await at(Step(context, outcome, seen, response, device))
        outcome = await answered(case, context, outcome.state, response)
        told.append(repr(outcome))
    if not isinstance(outcome, Enrolled):
        raise Broken(f"the device's own answers did not enroll it: {outcome!r}")
    factor = case.build()
    authenticator = _authenticator(factor, person, outcome.material)
    told += [repr(factor), repr(authenticator)]
    return World(case, device, outcome, authenticator, response, person, seen=told)


async def answered(
    case: Case, context: Context, state: bytes, response: Response
) -> Enrolled | Rejected | Started:
    """Return the word of another instance on an answer to an enrollment."""
    called = case.build().finish_enrollment(context, state, response)
    return await bounded(case, called, "finish_enrollment")


class Careful:
    """Any device; what it raises is told as its failure, and not taken for the factor's."""

    def __init__(self, device: Device) -> None:
        self._device = device

    @property
    def pace(self) -> timedelta:
        return self._device.pace

    def enroll(self, seen: Seen) -> Response:
        return self._of("enroll", seen, self._device.enroll)

    def answer(self, seen: Seen) -> Response:
        return self._of("answer", seen, self._device.answer)

    def wrong(self, seen: Seen) -> Response | None:
        return self._of("answer wrongly", seen, self._device.wrong)

    def secrets(self) -> tuple[str, ...]:
        return self._device.secrets()

    def _of(self, what: str, seen: Seen, does: Callable[[Seen], T]) -> T:
        try:
            return does(seen)
        except Exception as error:
            shown = f"a prompt of kind {seen.prompt.kind!r} with {sorted(seen.prompt.data)}"
            said = f"{type(error).__name__}: {error}"
            raise Broken(f"the device cannot {what}, shown {shown}: {said}") from error


async def bounded(case: Case, call: Awaitable[T], name: str) -> T:
    """Return what the factor answers.

    Raises:
        Broken: it raised, or took longer than it may.

    """
    try:
        async with asyncio.timeout(case.limit_s) as limit:
            return await call
    except Exception as error:
        if limit.expired():
            raise Late(f"{name} did not end within {case.limit_s:g} s") from error
        raise Broken(f"{name} raised {type(error).__name__}: {error}") from error


def _authenticator(factor: Factor, person: Person, material: Material | None) -> Authenticator:
    return Authenticator(
        id=AuthenticatorId(f"authenticator-of-{person.subject}"),
        person=person,
        factor="tested",
        name="My device",
        status=AuthenticatorStatus.ACTIVE,
        level=factor.traits.level,
        version=1,
        created_at=NOW,
        material=material,
    )
