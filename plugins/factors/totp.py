"""Codes of an authenticator app, made from a shared secret and the time (RFC 6238).

Does not protect against a page that asks for a code and uses it at once (phishing), nor against
whoever copies the secret while it is shown.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hmac import compare_digest
from secrets import token_bytes
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Material,
    Prompt,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor, FactorTraits, Plugin, Tools
from sidecar.core.seeds import Algorithm, Seed, hotp, parameters, uri

AMR: Final = ("otp",)
"""Source: RFC 8176 §2."""
REACH: Final = 10
"""Steps on either side in which a wrong code tells how far a clock is off (five minutes)."""
LATE_BEFORE_LEARNING: Final = 3
"""Late codes in a row that speak for a slow clock rather than for slow typing."""
MIN_SECRET_BYTES: Final = 16
"""Source: RFC 4226 §4 R6 (NIST SFOA-1 asks for 14)."""
MAX_SECRET_BYTES: Final = 128
"""The block of SHA-512; HMAC only hashes what is longer (RFC 2104 §2)."""
PERIODS_S: Final = range(15, 121)
MAX_INPUT_CHARACTERS: Final = 64
MAX_ACCOUNT_CHARACTERS: Final = 64
"""Longer names make a QR code that phones find hard to read."""


class Options(BaseModel):
    """How codes are made for new authenticators, and which are accepted from all."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    issuer: str = Field(min_length=1, max_length=64, pattern=r"\S")
    """Name of the service, as people see it in their app."""
    algorithm: Algorithm = "SHA1"
    """Some apps ignore anything but SHA1 and then show wrong codes."""
    digits: Literal[6, 8] = 6
    """Length of a code; some apps know only 6."""
    period: int = Field(default=30, ge=PERIODS_S[0], le=PERIODS_S[-1])
    """Seconds that a code is shown; some apps know only 30. At most 120 (NIST SFOA-3)."""
    secret_bytes: int = Field(default=20, ge=MIN_SECRET_BYTES, le=64)
    """Length of new secrets."""
    window: int = Field(default=1, ge=0, le=2)
    """Past codes that are accepted too, for slow typing and slow networks (RFC 6238 §5.2)."""
    max_drift: int = Field(default=2, ge=0, le=2)
    """Steps that a device's clock may be off and still be learned; 0 turns learning off."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What an authenticator knows beside its secret: how its codes are made, and what has been.

    Kept in `SharedSecret.state`, so that other options later leave old authenticators working.
    """

    algorithm: Algorithm
    digits: int
    period: int
    last_step: int = -1
    """The newest accepted step; it and everything before it are spent."""
    drift: int = 0
    """Steps that the device's clock runs ahead (negative: behind), as far as it is learned."""
    late: int = 0
    """Accepted codes in a row that came after their step at that drift."""
    burned: tuple[int, ...] = ()
    """Steps of codes that a hint confirmed; never accepted."""
    off_by: int = 0
    off_step: int = -1
    """Offset and step of the latest wrong code that would have been right at another time."""


_MEMORY: Final = TypeAdapter(Memory)


class Totp:
    """Authenticator apps."""

    traits = FactorTraits(proves="possession", seeded=True)

    def __init__(self, options: Options, tools: Tools) -> None:
        del tools
        self._options = options

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        del request
        secret = token_bytes(self._options.secret_bytes)
        return Started(self._invitation(context, secret), state=secret)

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected:
        """The code that shows the app works also tells its drift, and is spent by that."""
        options = self._options
        memory = Memory(options.algorithm, options.digits, options.period)
        code = _code(response, {memory.digits})
        if code is None:
            return Rejected("malformed")
        now = _step(context.now, memory)
        offsets = [step - now for step in _matching(state, memory, code, now)]
        slowest = -max(options.max_drift, options.window)
        near = [offset for offset in offsets if slowest <= offset <= options.max_drift]
        if not near:
            # Whoever enrolls has the secret, so that this hint tells a guesser nothing.
            return _clock_off(offsets[0], memory) if offsets else Rejected()
        return Enrolled(SharedSecret(state, asdict(self._accept(memory, now, now + max(near)))))

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        ready = _ready(context, authenticators)
        digits = max((_recall(held).digits for _, held in ready), default=self._options.digits)
        names = tuple(authenticator.name for authenticator, _ in ready)
        return Started(Prompt("code", {"digits": digits, "names": names}))

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        """Every authenticator is tried, so that neither answer nor time depends on their order."""
        del state
        ready = _ready(context, authenticators)
        code = _code(response, {_recall(held).digits for _, held in ready})
        if code is None:
            return Rejected("malformed")
        return _best([self._judge(found, held, code, context.now) for found, held in ready])

    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        """What the other system accepted last is not known, so no step is spent."""
        odd = seed.digits not in {6, 8} or seed.period_s not in PERIODS_S
        if odd or not MIN_SECRET_BYTES <= len(seed.secret) <= MAX_SECRET_BYTES:
            return Rejected("unsuitable")
        memory = Memory(seed.algorithm, seed.digits, seed.period_s)
        return Enrolled(SharedSecret(seed.secret, _MEMORY.dump_python(memory)))

    def seed(self, material: Material) -> Seed | None:
        if not isinstance(material, SharedSecret):
            return None
        memory = _recall(material)
        return Seed(material.secret, memory.algorithm, memory.digits, memory.period)

    def _judge(
        self, authenticator: Authenticator, held: SharedSecret, code: str, at: datetime
    ) -> Verified | Rejected:
        memory = _recall(held)
        now = _step(at, memory)
        matching = _matching(held.secret, memory, code, now)
        window = self._window(memory, now)
        fresh = [step for step in matching if step in window and not _spent(step, memory)]
        if fresh:
            # The newest, for a code that fits two steps must not fit a second time.
            accepted = self._accept(memory, now, max(fresh))
            return Verified(authenticator.id, AMR, replace(held, state=asdict(accepted)))
        if any(step in window or step == memory.last_step for step in matching):
            return Rejected("already-used")
        astray = [step for step in matching if not _spent(step, memory)]
        return _astray(authenticator, held, astray[0], now) if astray else Rejected()

    def _window(self, memory: Memory, now: int) -> frozenset[int]:
        """Return the steps whose codes may be accepted: by our clock, and by the device's."""
        drift = self._bounded(memory.drift)
        past = range(self._options.window + 1)
        return frozenset(base - ago for base in (now, now + drift) for ago in past)

    def _accept(self, memory: Memory, now: int, step: int) -> Memory:
        """Spend the step and learn the least drift that explains when its code came.

        A code cannot come before its step, so one that seems to moves the drift at once. One that
        comes after it may be slow typing; only several in a row move the drift, by one step.
        Source: RFC 6238 §6.
        """
        drift, late, offset = self._bounded(memory.drift), memory.late, step - now
        window = self._options.window
        late = late + 1 if drift - window <= offset < drift else 0
        if not drift - window <= offset <= drift:
            drift = offset if offset > drift else offset + window
        elif late == LATE_BEFORE_LEARNING:
            drift, late = drift - 1, 0
        burned = tuple(old for old in memory.burned if old > step)
        kept = replace(memory, last_step=step, burned=burned, off_by=0, off_step=-1)
        return replace(kept, drift=self._bounded(drift), late=late)

    def _bounded(self, drift: int) -> int:
        return max(-self._options.max_drift, min(drift, self._options.max_drift))

    def _invitation(self, context: Context, secret: bytes) -> Prompt:
        options = self._options
        issuer, account = _part(options.issuer), _part(context.label or context.person.subject)
        seed = Seed(secret, options.algorithm, options.digits, options.period)
        shown = {**parameters(seed, issuer), "account": account}
        return Prompt("totp_enrollment", {**shown, "uri": uri(seed, issuer, account)})


def _ready(
    context: Context, authenticators: Iterable[Authenticator]
) -> tuple[tuple[Authenticator, SharedSecret], ...]:
    return tuple(
        (authenticator, authenticator.material)
        for authenticator in authenticators
        if authenticator.person == context.person
        and authenticator.usable
        and isinstance(authenticator.material, SharedSecret)
    )


def _code(response: Response, lengths: set[int]) -> str | None:
    typed = response.get("code", "")
    if len(typed) > MAX_INPUT_CHARACTERS:
        return None
    code = "".join(typed.replace("-", " ").split())
    return code if code.isascii() and code.isdigit() and len(code) in lengths else None


def _step(at: datetime, memory: Memory) -> int:
    return int(at.timestamp()) // memory.period


def _matching(secret: bytes, memory: Memory, code: str, now: int) -> tuple[int, ...]:
    """Return all steps in reach with this code, nearest first; each is compared in any case."""
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError("the secret is too short to have been made here")
    reach = range(max(0, now - REACH), now + REACH + 1)
    how = (memory.algorithm, memory.digits)
    equal = [step for step in reach if compare_digest(hotp(secret, step, *how), code)]
    return tuple(sorted(equal, key=lambda step: abs(step - now)))


def _spent(step: int, memory: Memory) -> bool:
    return step <= memory.last_step or step in memory.burned


def _astray(authenticator: Authenticator, held: SharedSecret, step: int, now: int) -> Rejected:
    """Remember a code of another time, or hint at the second one that is off by as much.

    The hint tells that both codes are right at their time, which may be ahead; so both are burned
    with it and help nobody guess.
    """
    memory, off_by = _recall(held), step - now
    after = replace(memory, off_by=off_by, off_step=step)
    answer = Rejected()
    if memory.off_by == off_by:
        if memory.off_step == step:
            return answer
        burned = {one for one in memory.burned if one >= now - REACH}
        after = replace(after, burned=tuple(sorted(burned | {memory.off_step, step})))
        answer = _clock_off(off_by, memory)
    material = replace(held, state=asdict(after))
    return replace(answer, authenticator_id=authenticator.id, material=material)


def _clock_off(off_by: int, memory: Memory) -> Rejected:
    return Rejected("clock-off", hint_s=off_by * memory.period)


def _best(answers: list[Verified | Rejected]) -> Verified | Rejected:
    """Return the answer that says most; of many authenticators one suffices."""
    order = ("already-used", "clock-off", "wrong")

    def rank(answer: Verified | Rejected) -> tuple[int, bool]:
        reason = -1 if isinstance(answer, Verified) else order.index(answer.reason)
        return reason, answer.material is None

    return min(answers, key=rank)


def _recall(held: SharedSecret) -> Memory:
    return _MEMORY.validate_python(dict(held.state))


def _part(text: str) -> str:
    """Return a part of the label without the colon that separates the parts."""
    return text.replace(":", "-").strip()[:MAX_ACCOUNT_CHARACTERS]


PLUGIN: Plugin[Options, Factor] = Plugin(Options, Totp)
