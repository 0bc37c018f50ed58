"""Several transports in order: who is asked, who is left out, what is said in the end."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from plugins.transports.failover import Failover, Options
from sidecar.core.errors import AccessDenied, DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.transports import TransportTraits
from tests.conformance.lent import lent
from tests.vendors.stands import NOW, letter

UNAVAILABLE, REFUSED = Undelivered.UNAVAILABLE, Undelivered.REFUSED
RECIPIENT, UNSURE = Undelivered.RECIPIENT, Undelivered.UNSURE

Said = Undelivered | DeliveryFailed | Exception | asyncio.Event | None


@dataclass
class Member:
    """A transport that does as it is told next: takes (None), fails, or waits for an event."""

    name: str
    traits: TransportTraits = TransportTraits(frozenset({"sms"}))  # noqa: RUF009 - frozen
    script: list[Said] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    asked: int = 0
    cancelled: int = 0

    async def send(self, letter: Letter) -> Receipt:
        self.asked += 1
        self.before()
        said = self.script.pop(0) if self.script else None
        if isinstance(said, asyncio.Event):
            try:
                await said.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        elif isinstance(said, Undelivered):
            raise DeliveryFailed("as told", why=said)
        elif said is not None:
            raise said
        return Receipt(self.name, letter.key)

    async def told(self, call: Callback) -> tuple[Told, ...]:
        del call
        return ()


class World:
    """A failover over members, and a clock that stands still unless it is moved."""

    def __init__(self, *members: Member, **options: object) -> None:
        self.members = {member.name: member for member in members}
        self.now = 1000.0
        self.moment = NOW
        read = Options.model_validate({"of": tuple(self.members), **options})
        tools = lent("texts", transport=self.members.__getitem__, now=lambda: self.moment)
        self.failover = Failover(read, tools, lambda: self.now)

    async def send(self) -> str:
        return (await self.failover.send(letter())).provider

    async def why(self) -> Undelivered:
        with pytest.raises(DeliveryFailed) as failed:
            await self.failover.send(letter())
        return failed.value.why

    def asked(self) -> list[int]:
        return [member.asked for member in self.members.values()]


def two(*scripts: Sequence[Said], idempotent: bool = False, **options: object) -> World:
    traits = TransportTraits(frozenset({"sms"}), idempotent=idempotent)
    return World(
        *(Member(name, traits, list(script)) for name, script in zip("ab", scripts, strict=True)),
        **options,
    )


@pytest.mark.parametrize("said", [UNAVAILABLE, REFUSED, UNSURE, RuntimeError("+4915112345678")])
async def test_the_next_is_asked(said: Undelivered | Exception) -> None:
    """A provider that fails shows that the next takes the letter, under its own name."""
    world = two([said], [])
    with capture_logs() as events:
        assert await world.send() == "b"
    assert world.asked() == [1, 1]
    assert [event["event"] for event in events] == ["transport.failed"]
    assert "4915112345678" not in repr(events)


async def test_the_preferred_one_is_enough() -> None:
    """A provider that takes the letter shows that nobody else is asked."""
    world = two([], [])
    assert await world.send() == "a"
    assert world.asked() == [1, 0]


async def test_a_recipient_is_nobodys_by_whomever() -> None:
    """A wrong address shows that no other provider is paid to find out, and none is blamed."""
    world = two([RECIPIENT] * 5, [], failures=1)
    assert [await world.why() for _ in range(5)] == [RECIPIENT] * 5
    assert world.asked() == [5, 0]


async def test_what_is_lost_is_offered_again_only_where_that_is_safe() -> None:
    """A missing answer shows one more try at a provider that takes a letter once, else none."""
    world = two([UNSURE], [], idempotent=True)
    assert await world.send() == "a"
    assert world.asked() == [2, 0]
    world = two([UNSURE, UNSURE, UNSURE], [], idempotent=True)
    assert await world.send() == "b"
    assert world.asked() == [2, 1]
    world = two([UNSURE, RECIPIENT], [], idempotent=True)
    assert await world.why() is RECIPIENT
    world = two([UNSURE], [])
    assert await world.send() == "b"
    assert world.asked() == [1, 1]


async def test_the_end_says_the_worst_that_may_be() -> None:
    """Several failures show that a letter surely was not sent only if each surely did not."""
    for scripts, why in (
        (([UNAVAILABLE], [UNAVAILABLE]), UNAVAILABLE),
        (([UNAVAILABLE], [REFUSED]), UNAVAILABLE),
        (([REFUSED], [REFUSED]), REFUSED),
        (([UNSURE], [UNAVAILABLE]), UNSURE),
    ):
        assert await two(*scripts).why() is why
    first, second = (DeliveryFailed(why=UNAVAILABLE, retry_after_s=s) for s in (70, 40))
    with pytest.raises(DeliveryFailed) as failed:
        await two([first], [second]).failover.send(letter())
    assert failed.value.retry_after_s == 40


async def test_who_fails_again_and_again_is_left_out() -> None:
    """Failures in a row show that a provider rests, one letter tries it, and success closes it."""
    world = two([UNAVAILABLE, UNSURE, UNAVAILABLE, UNAVAILABLE], [], failures=3, pause="30s")
    for _ in range(5):
        assert await world.send() == "b"
    assert world.asked() == [3, 5]
    world.now += 29
    assert await world.send() == "b"
    world.now += 1
    assert await world.send() == "b"
    assert world.asked() == [4, 7]
    world.now += 30
    assert [await world.send() for _ in range(3)] == ["a"] * 3


async def test_success_and_refusal_are_no_outage() -> None:
    """Successes between failures, and refusals however many, show that nobody is left out."""
    script: list[Said] = [*[UNAVAILABLE, UNAVAILABLE, None] * 3, *[REFUSED] * 9]
    world = two(script, [], failures=3)
    for _ in range(18):
        await world.send()
    assert world.asked() == [18, 15]


async def test_one_letter_finds_out() -> None:
    """Letters at the same time show that only one waits for a provider that may be back."""
    back = asyncio.Event()
    world = two([UNAVAILABLE, back], [], failures=1, pause="10s")
    await world.send()
    world.now += 10
    async with asyncio.TaskGroup() as group:
        trial = group.create_task(world.send())
        await asyncio.wait({trial}, timeout=0.001)
        assert [await world.send() for _ in range(3)] == ["b"] * 3
        back.set()
    assert trial.result() == "a"
    assert await world.send() == "a"


async def test_somebody_is_always_asked() -> None:
    """With everybody left out, a letter shows that the one who rests shortest is tried."""
    world = two([UNAVAILABLE], [UNAVAILABLE], failures=1, pause="60s")
    assert await world.why() is UNAVAILABLE
    world.now += 1
    assert await world.send() == "a"
    assert world.asked() == [2, 1]


async def test_a_provider_may_ask_for_more_time() -> None:
    """A wait that a provider names shows that it is kept, up to ten pauses."""
    for asked_s, back_s in ((100, 100), (10_000, 300), (None, 30)):
        busy = DeliveryFailed(why=UNAVAILABLE, retry_after_s=asked_s)
        world = two([busy], [], failures=1, pause="30s")
        await world.send()
        world.now += back_s - 1
        assert await world.send() == "b"
        world.now += 1
        assert await world.send() == "a"


@pytest.mark.parametrize("idempotent", [True, False])
async def test_patience_ends(*, idempotent: bool) -> None:
    """A provider that never answers shows that it is left for the next, and out in the end."""
    waits: list[Said] = [asyncio.Event() for _ in range(4)]
    world = two(waits, [], failures=2, patience="10ms", idempotent=idempotent)
    assert [await world.send() for _ in range(3)] == ["b"] * 3
    assert world.asked() == [2, 3]
    assert world.members["a"].cancelled == 2


async def test_a_slow_provider_is_offered_the_letter_twice() -> None:
    """A slow answer shows a second offer of the same letter where that is safe, and no third."""
    never = asyncio.Event()
    world = two([never], [], idempotent=True, hedge_after="5ms")
    assert await world.send() == "a"
    assert world.asked() == [2, 0]
    assert world.members["a"].cancelled == 1


async def test_the_slow_answer_still_counts() -> None:
    """A first offer that succeeds after the second was lost shows that the letter is taken."""
    late = asyncio.Event()
    world = two([late, UNSURE], [], idempotent=True, hedge_after="5ms")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.send())
        while world.members["a"].asked < 2:
            await asyncio.wait({task}, timeout=0.001)
        late.set()
    assert task.result() == "a"
    assert world.asked() == [2, 0]


async def test_without_a_key_nobody_is_offered_a_letter_twice() -> None:
    """A slow provider that would send twice shows that it is waited for."""
    late = asyncio.Event()
    world = two([late], [], hedge_after="1ms")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.send())
        await asyncio.wait({task}, timeout=0.01)
        late.set()
    assert task.result() == "a"
    assert world.asked() == [1, 0]


async def test_a_letter_that_expires_on_the_way_goes_no_further() -> None:
    """Time that runs out at the first provider shows that the second is not asked."""
    world = two([UNAVAILABLE], [])

    def dawdle() -> None:
        world.moment += timedelta(minutes=11)

    world.members["a"].before = dawdle
    assert await world.why() is REFUSED
    assert world.asked() == [1, 0]


async def test_who_is_cancelled_leaves_no_trace() -> None:
    """A caller that goes away in a trial shows that the provider can still be tried."""
    never = asyncio.Event()
    world = two([UNAVAILABLE, never], [], failures=1, pause="10s")
    await world.send()
    world.now += 10
    task = asyncio.create_task(world.send())
    await asyncio.wait({task}, timeout=0.001)
    task.cancel()
    await asyncio.wait({task})
    assert await world.send() == "a"


def test_it_carries_what_all_of_them_do() -> None:
    """Members of different kinds show what is left in common, and nothing that it is a fault."""
    mail = TransportTraits(frozenset({"email"}))
    both = TransportTraits(frozenset({"email", "sms"}), idempotent=True, development=True)
    world = World(
        Member("a", both), Member("b", TransportTraits(frozenset({"sms"}), receipts=True))
    )
    assert world.failover.traits == TransportTraits(
        frozenset({"sms"}), receipts=True, development=True
    )
    with pytest.raises(ValueError, match="no channel in common"):
        _ = World(Member("a", mail), Member("b")).failover.traits


async def test_callbacks_go_to_the_members() -> None:
    """A callback to the failover itself shows that it is refused."""
    with pytest.raises(AccessDenied):
        await two([], []).failover.told(Callback("POST", "", (), b""))


@pytest.mark.parametrize(
    "wrong", [{"of": ("a",)}, {"of": ("a", "a")}, {"failures": 0}, {"pause": "0s"}, {"n": 1}]
)
def test_wrong_options(wrong: dict[str, object]) -> None:
    """Options that cannot be meant show that they are refused when the file is read."""
    with pytest.raises(ValidationError):
        Options.model_validate({"of": ("a", "b"), **wrong})
