"""A person with a device, and the part of a flow that stores what a factor returns."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

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
    Verified,
)
from sidecar.core.protocols import Context, Factor

NOW: Final = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
ADA: Final = Person("shop", "ada")
EVE: Final = Person("shop", "eve")


class Device(Protocol):
    """What the person holds: learns at enrollment, answers afterwards."""

    def enroll(self, prompt: Prompt, now: datetime) -> Response: ...

    def answer(self, prompt: Prompt, now: datetime) -> Response: ...

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be seen in a log or a repr."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """A factor under test; `build` makes a fresh instance as another process would."""

    name: str
    build: Callable[[], Factor]
    device: Callable[[], Device]
    pace: timedelta = timedelta(0)
    """After how long the device has its next answer."""
    wrong_enrollment: Response | None = None
    """An answer that enrolls nobody; None where there is nothing to answer."""


@dataclass(slots=True)
class World:
    """A person with a device, and the part of a flow that stores what a factor returns."""

    case: Case
    device: Device
    authenticator: Authenticator
    enrolled_with: Response
    person: Person = ADA
    now: datetime = NOW
    seen: list[str] = field(default_factory=list)
    """The reprs of everything the factor returned."""

    def context(self, person: Person | None = None) -> Context:
        who = person or self.person
        return Context(who, f"{who.subject}@example.com", self.now, "challenge-1")

    async def answer(self) -> Response:
        """Return the device's next right answer; time goes on until there is one."""
        self.now += self.case.pace
        started = await self.case.build().begin_challenge(self.context(), (self.authenticator,))
        self.seen.append(repr(started))
        return self.device.answer(started.prompt, self.now)

    async def offer(
        self,
        response: Response,
        *,
        person: Person | None = None,
        authenticators: tuple[Authenticator, ...] | None = None,
    ) -> Verified | Rejected:
        """Return the factor's word on an answer; each call is another process's."""
        held = (self.authenticator,) if authenticators is None else authenticators
        factor, context = self.case.build(), self.context(person)
        started = await factor.begin_challenge(context, held)
        outcome = await factor.finish_challenge(context, held, started.state, response)
        self.seen.append(repr(outcome))
        return outcome

    def store(self, outcome: Verified | Rejected, read_at_version: int) -> bool:
        """Store by compare-and-swap; return whether this caller was the first."""
        if self.authenticator.version != read_at_version:
            return False
        if outcome.material is not None:
            self.authenticator = replace(
                self.authenticator, material=outcome.material, version=read_at_version + 1
            )
        return True

    async def sign_in(self, response: Response) -> Verified | Rejected:
        outcome = await self.offer(response)
        self.store(outcome, self.authenticator.version)
        return outcome


async def a_world(case: Case, person: Person = ADA) -> World:
    """Return a person who has just enrolled."""
    factor, device = case.build(), case.device()
    context = Context(person, f"{person.subject}@example.com", NOW, "enrollment-1")
    started = await factor.begin_enrollment(context, {})
    response = device.enroll(started.prompt, NOW)
    enrolled = await case.build().finish_enrollment(context, started.state, response)
    assert isinstance(enrolled, Enrolled), enrolled
    authenticator = _authenticator(factor, person, enrolled.material)
    world = World(case, device, authenticator, response, person)
    world.seen += [repr(enrolled), repr(factor), repr(authenticator), repr(started)]
    return world


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
