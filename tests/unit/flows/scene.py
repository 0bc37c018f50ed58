"""The use cases over a real store, with real factors, a clock that stands still, and people."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pyotp

from sidecar.core.messages import Message
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    Challenge,
    ChallengeId,
    Claims,
    Enrolled,
    Identity,
    Person,
    Prompt,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor, FactorTraits, Tools
from sidecar.flows import Flows, build_flows
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered, FirstEnrollment, Kit, SessionTimes
from sidecar.flows.people import People
from sidecar.flows.tokens import Tokens
from sidecar.flows.visit import Visit
from sidecar.loader import Role, build, resolve
from sidecar.storage.bell import StillBell
from sidecar.storage.limiter import MemoryLimiter
from sidecar.storage.sql import SqlStore, open_store
from tests.clock import ManualClock
from tests.conformance.lent import lent
from tests.conformance.stores import RING, sqlite_file, url_of
from tests.mailbox import equipped, written

ADA = Person("shop", "ada")
GRACE = Person("shop", "grace")
OPTIONS: dict[str, dict[str, object]] = {"totp": {"issuer": "Shop"}, "backup_codes": {"count": 8}}


class Watched:
    """A factor whose judgements are counted, and may be held up or broken."""

    def __init__(self, inner: Factor) -> None:
        self._inner = inner
        self.adopt, self.seed = (getattr(inner, name, None) for name in ("adopt", "seed"))
        self.judged = 0
        self.judging = asyncio.Event()
        self.broken: Exception | None = None
        self.verdict: Verified | Rejected | None = None
        """Given whatever the answer is."""
        self.state = b""
        """Remembered by challenges that begin now."""
        self.messages: tuple[Message, ...] = ()
        """Written by challenges that begin now."""
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        """Happens once, between the next verdict and what is made of it."""
        self.held: list[tuple[Authenticator, ...]] = []
        """What the factor was told that the person holds, ceremony by ceremony."""

    @property
    def traits(self) -> FactorTraits:
        return self._inner.traits

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        self.held.append(context.held)
        return await self._inner.begin_enrollment(context, request)

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        self.held.append(context.held)
        return await self._inner.finish_enrollment(context, state, response)

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        self.held.append(context.held)
        started = await self._inner.begin_challenge(context, authenticators)
        return replace(started, state=self.state, messages=self.messages)

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        self.judged += 1
        self.held.append(context.held)
        self.judging.set()
        if self.broken is not None:
            raise self.broken
        await asyncio.sleep(0)  # others go on meanwhile, as they do where argon2 is at work
        outcome = await self._inner.finish_challenge(context, authenticators, state, response)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return self.verdict or outcome


def watched(name: str, kind: type[Watched] = Watched) -> Watched:
    plugin = resolve(Role.FACTORS, name)
    options = plugin.options.model_validate(OPTIONS[name])
    tools: Tools = replace(lent(), instance=name)
    return kind(cast("Factor", build(plugin, options, tools)))


@dataclass
class Phone:
    """What a person holds: the key of an app, and codes on paper."""

    secret: str
    codes: list[str] = field(default_factory=list)

    def code(self, clock: ManualClock, *, ahead: int = 0) -> dict[str, str]:
        at = int(clock().timestamp()) + 30 * ahead
        return {"code": pyotp.TOTP(self.secret).at(at)}

    def wrong(self, clock: ManualClock) -> dict[str, str]:
        """Return a code that is right at no time near this one."""
        app = pyotp.TOTP(self.secret)
        near = {app.at(int(clock().timestamp()) + 30 * step) for step in range(-12, 13)}
        return {"code": next(f"{n:06}" for n in range(1000) if f"{n:06}" not in near)}


@dataclass
class Scene:
    """One process: the flows, the store below them, and the clock."""

    store: SqlStore
    kit: Kit
    flows: Flows
    clock: ManualClock
    factors: dict[str, Watched]

    @property
    def people(self) -> People:
        return People(self.store, self.clock)

    def stranger(self, person: Person = ADA, *, known: bool = False, login: str = "") -> Visit:
        """Return a visit of somebody who knows the password, in no session."""
        identity = Identity(person, "app", Claims(email=f"{person.subject}@x.test"), login)
        return Visit(identity, None, "req-1", "192.0.2.77", "Firefox/150", known=known)

    async def enter(
        self, person: Person = ADA, *, known: bool = False, login: str = ""
    ) -> tuple[Visit, str]:
        """Return the visit in a new pending session, and its token."""
        visit = self.stranger(person, known=known, login=login)
        entered = await self.flows.sessions.open(visit)
        return replace(visit, session=entered.session), entered.token

    async def enroll(self, person: Person = ADA) -> tuple[Visit, Phone]:
        """Return the proven visit of a newcomer who set up an app, and their phone."""
        visit, _ = await self.enter(person)
        code = await self.people.invite(person, "desk")
        begun = await self.flows.enrollments.begin(visit, "totp", {}, invitation=code)
        phone = Phone(secret_of(begun.prompt))
        answer = phone.code(self.clock)
        entered = await self.flows.enrollments.finish(visit, begun.id, answer)
        assert isinstance(entered, Entered)
        return replace(visit, session=entered.session), phone

    async def spare(self, visit: Visit, phone: Phone) -> None:
        """The person's first spare codes are kept."""
        begun = await self.flows.enrollments.begin(visit, "backup_codes", {})
        await self.flows.enrollments.finish(visit, begun.id, {})
        phone.codes = codes_of(begun.prompt)

    async def prove(
        self, visit: Visit, phone: Phone, *, action: str = "", wait_s: int = 30
    ) -> Visit:
        """Return the visit after a challenge was answered with the app's next code."""
        self.clock.travel(seconds=wait_s)
        begun = await self.flows.challenges.begin(visit, "totp", action=action)
        answer = phone.code(self.clock)
        entered = await self.flows.challenges.answer(visit, begun.id, answer)
        return replace(visit, session=entered.session)

    async def fail(self, visit: Visit, phone: Phone, challenge: Challenge | None = None) -> None:
        """Answer wrongly once; whatever that raises is the caller's to expect."""
        begun = challenge or await self.flows.challenges.begin(visit, "totp")
        await self.flows.challenges.answer(visit, begun.id, phone.wrong(self.clock))

    async def add_second(self, visit: Visit, phone: Phone) -> tuple[Visit, Phone]:
        """Return the visit and the second app of the person."""
        visit = await self.prove(visit, phone, action=adding("totp"))
        begun = await self.flows.enrollments.begin(visit, "totp", {})
        second = Phone(secret_of(begun.prompt))
        await self.flows.enrollments.finish(visit, begun.id, second.code(self.clock))
        return visit, second

    async def fail_often(
        self, count: int, *, known: bool = False, every: timedelta = timedelta(minutes=4)
    ) -> None:
        """So many tries failed, one after the other, at a pace that no window stops."""
        async with self.store.begin() as tx:
            for _ in range(count):
                self.clock.now += every
                made = await tx.attempts.claim(
                    ADA, "totp", known=known, challenge=ChallengeId("old"), now=self.clock()
                )
                await tx.attempts.settle(made, verified=False, now=self.clock())

    async def held(self, person: Person = ADA) -> tuple[Authenticator, ...]:
        async with self.store.read() as tx:
            return await tx.authenticators.of(person)

    async def first_of(self, factor: str = "totp", person: Person = ADA) -> AuthenticatorId:
        return next(item.id for item in await self.held(person) if item.factor == factor)

    async def move(self, occasion: str, person: Person = ADA) -> None:
        """Everything the person holds goes through this occasion."""
        async with self.store.begin() as tx:
            for item in await tx.authenticators.of(person):
                await tx.authenticators.move(item, occasion, self.clock())

    async def events(self, person: Person = ADA) -> list[str]:
        async with self.store.read() as tx:
            return [event.name for event in await tx.trail.of(person, 500)]


def secret_of(prompt: Prompt) -> str:
    secret = str(prompt.data["secret"])
    assert len(base64.b32decode(secret)) == 20
    return secret


def codes_of(prompt: Prompt) -> list[str]:
    codes = prompt.data["codes"]
    assert isinstance(codes, tuple)
    return list(codes)


def kit_over(store: SqlStore, clock: ManualClock, **changes: object) -> Kit:
    """Return a kit as the composition root makes one; `changes` replace parts of it."""
    plain = Kit(
        store=store,
        limiter=MemoryLimiter(clock),
        letters=written(),
        factors={name: watched(name) for name in OPTIONS},
        tokens=Tokens(RING),
        clock=clock,
        times=SessionTimes(*map(hours, (1, 24))),
        first=FirstEnrollment("invited"),
        demanded=True,
    )
    return replace(equipped(plain), **changes)  # type: ignore[arg-type]  # the test says what it changes


def stored_in(folder: Path) -> bytes:
    """Return every byte that lies in the folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def open_until(day: date) -> FirstEnrollment:
    return FirstEnrollment("open", day)


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Lend a folder in memory where there is one: a commit waits for the disk, every time."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder is made anew, and its owner's only
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as made:
        yield Path(made)


@asynccontextmanager
async def scene(
    folder: Path, clock: ManualClock | None = None, **changes: object
) -> AsyncIterator[Scene]:
    """Run the flows; a store in the folder, or at a `url`, is used again (another process)."""
    clock = clock or ManualClock()
    path = folder / "sidecar.db"
    where = changes.pop("url", "") or url_of(path if path.exists() else sqlite_file(folder))
    store = await open_store(str(where), RING, clock)
    try:
        kit = kit_over(store, clock, **changes)
        flows = build_flows(kit, StillBell())
        await flows.revocations.read()
        yield Scene(store, kit, flows, clock, cast("dict[str, Watched]", kit.factors))
    finally:
        await store.close()
