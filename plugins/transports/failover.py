"""Several transports in order: where one fails, the next is asked.

A transport that fails again and again is left out for a while (a circuit breaker), so that nobody
waits for its timeout; what it may have taken before it fell silent may come twice. What is known
of each is kept in this process. Does not protect against providers that take letters and lose
them.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Self, assert_never

import structlog
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.delivery import admit
from sidecar.core.durations import parse_duration
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.protocols import Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

_SICK: Final = frozenset({Undelivered.UNAVAILABLE, Undelivered.UNSURE})
"""Failures by which a provider is known to be down; one that refuses is up."""
_LONGEST_PAUSES: Final = 10
"""So many pauses long a provider is left out at most, if it asks for that."""

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]

log = structlog.get_logger(__name__)


class Options(BaseModel):
    """Among which transports to choose, and when one counts as down."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    of: tuple[str, ...] = Field(min_length=2, max_length=8)
    """Instance names of transports, the preferred one first."""
    failures: int = Field(default=3, ge=1, le=100)
    """Failures in a row after which one is left out."""
    pause: Duration = Field(
        default=timedelta(seconds=30), ge=timedelta(seconds=1), le=timedelta(hours=1)
    )
    """How long it is left out; then one letter tries whether it is back."""
    patience: Duration = Field(
        default=timedelta(seconds=6), ge=timedelta(milliseconds=10), le=timedelta(seconds=14)
    )
    """How long one of them may take, whatever its own timeout; then the next is asked."""
    hedge_after: Duration | None = Field(
        default=None, ge=timedelta(milliseconds=1), le=timedelta(minutes=1)
    )
    """Offer a letter a second time to a provider that is this slow, where it takes none twice."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.of)) < len(self.of):
            raise ValueError("of: a transport is named twice")
        return self


@dataclass(slots=True)
class Circuit:
    """What is known of one provider: closed while it works, open while it is left out."""

    failures: int = 0
    open_until: float | None = None
    trying: bool = False
    """One letter finds out whether it is back; the others do not wait for that."""

    def is_open(self, now: float) -> bool:
        return self.open_until is not None and (self.trying or now < self.open_until)


class Failover:
    """The first of several transports that takes a letter."""

    def __init__(
        self, options: Options, tools: Tools, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._options = options
        self._tools = tools
        self._monotonic = monotonic
        self._circuits = {name: Circuit() for name in options.of}

    @property
    def traits(self) -> TransportTraits:
        """What all of them carry, so that each can stand in for each.

        Raises:
            ValueError: they have no channel in common.

        """
        members = [self._tools.transport(name).traits for name in self._options.of]
        channels = frozenset.intersection(*(one.channels for one in members))
        if not channels:
            raise ValueError("of: these transports have no channel in common")
        return TransportTraits(
            channels,
            receipts=any(one.receipts for one in members),
            development=any(one.development for one in members),
        )

    async def send(self, letter: Letter) -> Receipt:
        """Return who took the letter; each is asked at most once, and once again where it is safe.

        Raises:
            DeliveryFailed: the recipient cannot be reached, or none took it: `unsure` where one
                of them may have.

        """
        traits, failures = self.traits, []
        for name in self._order():
            admit(letter, traits, self._tools.now())
            match await self._offered(name, letter):
                case Receipt() as receipt:
                    return receipt
                case DeliveryFailed(why=Undelivered.RECIPIENT) as failed:
                    raise failed
                case DeliveryFailed() as failed:
                    failures.append(failed)
                    log.warning("transport.failed", transport=name, reason=failed.why.value)
                case unknown:
                    assert_never(unknown)
        raise _summary(failures)

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Refuse: providers call back to the transport that spoke to them."""
        del call
        raise AccessDenied("callbacks go to the transport that took the letter")

    def _order(self) -> tuple[str, ...]:
        """Return whom to ask; where all are left out, the one that would be tried next."""
        now, circuits = self._monotonic(), self._circuits
        usable = tuple(name for name in circuits if not circuits[name].is_open(now))
        return usable or (min(circuits, key=lambda name: circuits[name].open_until or now),)

    async def _offered(self, name: str, letter: Letter) -> Receipt | DeliveryFailed:
        circuit = self._circuits[name]
        tries = circuit.open_until is not None
        circuit.trying |= tries
        try:
            outcome = await self._asked(self._tools.transport(name), letter)
        finally:
            circuit.trying &= not tries
        self._learn(circuit, outcome)
        return outcome

    def _learn(self, circuit: Circuit, outcome: Receipt | DeliveryFailed) -> None:
        """Count failures in a row; whoever answers about a recipient or takes a letter is back."""
        if isinstance(outcome, Receipt) or outcome.why is Undelivered.RECIPIENT:
            circuit.failures, circuit.open_until = 0, None
        elif outcome.why in _SICK:
            circuit.failures += 1
            if circuit.failures >= self._options.failures:
                pause_s = self._options.pause.total_seconds()
                asked_s = min(outcome.retry_after_s or 0, _LONGEST_PAUSES * pause_s)
                circuit.open_until = self._monotonic() + max(pause_s, asked_s)

    async def _asked(self, member: Transport, letter: Letter) -> Receipt | DeliveryFailed:
        hedge = self._options.hedge_after
        try:
            async with asyncio.timeout(self._options.patience.total_seconds()):
                if not member.traits.idempotent:
                    return await _outcome(member, letter)
                return await _twice(member, letter, hedge.total_seconds() if hedge else None)
        except TimeoutError:
            return DeliveryFailed("no answer in time", why=Undelivered.UNSURE)


async def _twice(
    member: Transport, letter: Letter, hedge_s: float | None
) -> Receipt | DeliveryFailed:
    """Return the better of at most two outcomes; the letter's key makes the second one harmless.

    The second begins when the first was lost, or has not come after `hedge_s` seconds.
    """
    async with asyncio.TaskGroup() as group:
        running = {group.create_task(_outcome(member, letter))}
        done, running = await asyncio.wait(running, timeout=hedge_s)
        outcomes = [task.result() for task in done]
        if not outcomes or _lost(outcomes[0]):
            running.add(group.create_task(_outcome(member, letter)))
        while running and not any(isinstance(outcome, Receipt) for outcome in outcomes):
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            outcomes += [task.result() for task in done]
        for task in running:
            task.cancel()
    return max(outcomes, key=_says)


def _says(outcome: Receipt | DeliveryFailed) -> int:
    """Return how much an outcome says beside another one of the same letter."""
    if isinstance(outcome, Receipt):
        return len(Undelivered)
    least_first = (Undelivered.UNAVAILABLE, Undelivered.REFUSED, Undelivered.UNSURE)
    return (*least_first, Undelivered.RECIPIENT).index(outcome.why)


def _lost(outcome: Receipt | DeliveryFailed) -> bool:
    return isinstance(outcome, DeliveryFailed) and outcome.why is Undelivered.UNSURE


async def _outcome(member: Transport, letter: Letter) -> Receipt | DeliveryFailed:
    try:
        return await member.send(letter)
    except DeliveryFailed as failed:
        return failed
    except Exception as error:  # noqa: BLE001 - foreign code may raise anything, and the next may do
        return DeliveryFailed(type(error).__name__, why=Undelivered.UNSURE)


def _summary(failures: list[DeliveryFailed]) -> DeliveryFailed:
    """Return what several failures come to: surely not sent only where that is so of each."""
    whys = {failed.why for failed in failures}
    order = (Undelivered.UNSURE, Undelivered.UNAVAILABLE, Undelivered.REFUSED)
    why = next(why for why in order if why in whys)
    waits = [failed.retry_after_s for failed in failures if failed.retry_after_s is not None]
    return DeliveryFailed("no transport took it", why=why, retry_after_s=min(waits, default=None))


PLUGIN: Plugin[Options, Transport] = Plugin(Options, Failover)
