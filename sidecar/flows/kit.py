"""What every flow works with; made once by the composition root."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    PluginFailed,
    SidecarError,
    Undelivered,
)
from sidecar.core.messages import Message
from sidecar.core.model import REMEMBERED, Challenge, Level, Proof, Session, Started
from sidecar.core.outbox import Letters
from sidecar.core.protocols import (
    Clock,
    Factor,
)
from sidecar.core.seeds import Seeded
from sidecar.core.stores import Store
from sidecar.core.transports import Transport
from sidecar.core.volume import Bucket, Limiter
from sidecar.flows.budgets import Budgets
from sidecar.flows.guarded import TellCall, Templates, unheard
from sidecar.flows.seeded import GuardedSeeds, guarded
from sidecar.flows.tokens import Tokens
from sidecar.flows.visit import Visit
from sidecar.metrics.messages import MessageCounts, Uncounted
from sidecar.metrics.words import Found

T = TypeVar("T")

SESSIONS_OPENED = Bucket("session.open", 20, timedelta(hours=1))
CHALLENGES_BEGUN = Bucket("challenge.begin", 30, timedelta(minutes=10))
ENROLLMENTS_TRIED = Bucket("enrollment.try", 30, timedelta(minutes=10))
INVITATIONS_TRIED = Bucket("invitation.try", 10, timedelta(minutes=10))

CHALLENGE_LIFE = timedelta(minutes=10)
"""NIST 800-63B §3.1.3.2 and ASVS 6.5.5 allow no more."""

ACTION_PROOF_LIFE = timedelta(minutes=5)
"""How long a proof that was given for one action waits for it."""


def counted_under(visit: Visit) -> str:
    """Return whose volume the visit counts as: a stranger must not use up what is the owner's.

    Whoever knows the password could otherwise shut the person out by opening and beginning,
    although no guess of theirs counts against the browser that once passed (THREATS 57). What a
    program begins is its own.
    """
    if visit.client is not None:
        return f"{visit.client.id}:{visit.person.user_id}"
    return f"{'known' if visit.known else 'stranger'}:{visit.person.user_id}"


def new_id() -> str:
    """Return 192 random bits; ids of ours are never guessable (ASVS 11.5.1)."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long a session lasts: without activity, and at all."""

    idle: timedelta
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class FirstEnrollment:
    """How a person who never had a factor may set up the first one."""

    mode: str
    """`invited`, `confirmed` or `open`."""
    until: date | None = None
    """Last day on which `open` holds; nothing is open without it."""
    hold: timedelta = timedelta(0)
    """How long a new authenticator proves no more than the session that set it up did."""


@dataclass(frozen=True, slots=True)
class Remembering:
    """For how long a browser may be remembered, and after the proof of which factors not."""

    lifetime: timedelta = timedelta(0)
    """Zero: no browser is."""
    not_after: frozenset[str] = frozenset()

    def among(self, levels: Mapping[str, Level]) -> dict[str, Level]:
        """Return the levels of factors, and that of a remembered browser where one may be."""
        remembered = {REMEMBERED: Level.TWO_FACTOR} if self.lifetime else {}
        return {**levels, **remembered}


@dataclass(frozen=True, slots=True)
class Kit:
    """The parts that flows are made of."""

    store: Store
    limiter: Limiter
    letters: Letters
    factors: Mapping[str, Factor]
    tokens: Tokens
    clock: Clock
    times: SessionTimes
    first: FirstEnrollment
    demanded: bool
    """Some rule asks for a factor, so nobody may remove their last one."""
    exempts_disabled: bool = False
    """Whose factors an operator switched off passes rules of two factors without."""
    looked_up: Callable[[Found], None] = lambda _found: None
    """Told where the session behind a cookie was found."""
    discounted: frozenset[str] = frozenset()
    """Factors that the profile does not let count as a second one."""
    remembering: Remembering = Remembering()
    transports: Mapping[str, Transport] = field(default_factory=dict)
    """What carries messages, by instance name, in the order of the configuration."""
    plugin_timeout: timedelta = timedelta(seconds=5)
    """How long one call of a factor may take."""
    told_call: TellCall = unheard
    """Told how each call of a factor went."""
    templates: Templates = field(default_factory=Templates)
    """What factors may show and send."""
    budgets: Budgets = field(default_factory=Budgets)
    """How many messages may be sent, and where to."""
    counts: MessageCounts = field(default_factory=Uncounted)
    home: str = "/_sidecar/"
    """Where our pages are, with the origin, for links in messages."""

    def guarded(self) -> "Kit":
        """Return the same kit; each call of a factor ends in time and in our words."""
        guard = partial(guarded, tell=self.told_call, templates=self.templates)
        limit = self.plugin_timeout
        factors = {name: guard(name, factor, limit) for name, factor in self.factors.items()}
        return replace(self, factors=factors)

    @property
    def seeded(self) -> dict[str, Seeded]:
        """The factors that take seeds of other systems, in the order of the configuration."""
        factors = self.factors.items()
        return {name: one for name, one in factors if isinstance(one, GuardedSeeds)}

    def carrier(self, message: Message) -> str:
        """Return the transport that the message names, or the first that carries its channel.

        Raises:
            DeliveryFailed: nothing that is configured carries it.

        """
        for name, transport in self.transports.items():
            if message.channel in transport.traits.channels and message.transport in ("", name):
                return name
        failure = f"nothing carries {message.channel!r} (by {message.transport or 'any'})"
        raise DeliveryFailed(failure, why=Undelivered.REFUSED)

    @property
    def spare(self) -> str:
        """The factor that stands in for a lost one; empty where none is configured."""
        names = (name for name, factor in self.factors.items() if factor.traits.stands_in)
        return next(names, "")

    @property
    def levels(self) -> dict[str, Level]:
        """The level that one proof of each configured factor gives.

        That of a remembered browser is among them where browsers are remembered.
        """
        levels = {
            name: Level.ONE_FACTOR if name in self.discounted else factor.traits.strongest
            for name, factor in self.factors.items()
        }
        return self.remembering.among(levels)

    def served(self, challenge: Challenge) -> Challenge:
        """Return the challenge if there still is a factor to judge its answer.

        Raises:
            ChallengeGone: its factor was taken out of the configuration since it began.

        """
        if challenge.factor not in self.factors:
            message = "its factor is not configured any more"
            raise ChallengeGone(message)
        return challenge


@dataclass(frozen=True, slots=True)
class Entered:
    """A session and the token that now opens it; the browser gets the token, nobody else."""

    session: Session
    token: str = field(repr=False)
    action: str = ""
    """What the proof that was just given is for; empty: for nothing but the session."""
    proof: Proof | None = None
    """That proof, where a challenge was answered."""


def end_of(step: Started, now: datetime) -> datetime:
    """Return when a ceremony ends whose step begins now: no later than any may."""
    latest = now + CHALLENGE_LIFE
    return latest if step.expires_at is None else min(latest, step.expires_at)


async def from_plugin(call: Awaitable[T], within: timedelta) -> T:
    """Return what a plugin answers that is no factor; those are guarded.

    Raises:
        PluginFailed: it was late, or raised what is none of our words; the cause is chained.

    """
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await call
    except SidecarError:
        raise
    except Exception as broken:
        message = f"plugin raised {type(broken).__name__}"
        raise PluginFailed(message) from broken
