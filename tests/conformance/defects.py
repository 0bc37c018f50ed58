"""Small factors with one defect each."""

import asyncio
import hmac
import time
from dataclasses import replace
from secrets import token_bytes
from typing import ClassVar

from sidecar.conformance.case import Seen
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context
from tests.conformance.careless import (
    LearnsNonsense,
    LooksAtOne,
    OnlyTheLatest,
    TakesNonsense,
    TakesUnreadable,
    Vacuous,
)
from tests.conformance.clockwork import SEEDED
from tests.conformance.sound import LENGTH, WRONG, Key, Pad, Signer, Token
from tests.conformance.untrue import (
    AsksWithoutTemplate,
    BoastsInVain,
    Explains,
    HasTraitsOfItsOwn,
    KeepsObjects,
    Logs,
    LogsFailures,
    NamesAnother,
    Prints,
    ProvesMagic,
    RevealsWithoutTemplate,
    SaysNotHow,
    Shows,
    WritesElsewhere,
    WritesWithoutTemplate,
)


class NeverRight(Pad):
    def right(self, context: Context, state: bytes, held: SharedSecret) -> list[str]:
        del context, state, held
        return []


class Hangs(Pad):
    async def invited(self, secret: bytes) -> Started:
        await asyncio.Event().wait()
        return await super().invited(secret)


class Blocks(Pad):
    """Compares in a way that takes longest for what is longest."""

    async def read(self, response: Response) -> str:
        typed = await super().read(response)
        if len(typed) > 1000:
            time.sleep(0.25)  # noqa: ASYNC251 - the defect
        return typed


class TakesAnything(Pad):
    """Looks at the length alone where a code is not right."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        if response.get("code") == WRONG:
            return Verified(authenticators[0].id, ("otp",), SharedSecret(token_bytes(20)))
        return await super().finish_challenge(context, authenticators, state, response)


class TakesAgain(Pad):
    """The last code works once more."""

    def right(self, context: Context, state: bytes, held: SharedSecret) -> list[str]:
        last = int(str(held.state["next"])) - 1
        return [*super().right(context, state, held), *([str(last)] if last else [])]


class ChecksThenSets(Pad):
    """Remembers beside the material what was used, after it looked and let others in."""

    used: ClassVar[set[str]] = set()

    async def verified(
        self, one: Authenticator, held: SharedSecret, about: str
    ) -> Verified | Rejected:
        spent = held.secret.hex() + about
        if spent in self.used:
            return Rejected("already-used")
        await asyncio.sleep(0)
        self.used.add(spent)
        return Verified(one.id, ("otp",))


class Remembers(Pad):
    """Remembers in the instance what was used."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    async def verified(
        self, one: Authenticator, held: SharedSecret, about: str
    ) -> Verified | Rejected:
        if about in self._used:
            return Rejected("already-used")
        self._used.add(about)
        return await super().verified(one, held, about)


class TakesEnrollment(Pad):
    first = 0


class EnrollsAnybody(Pad):
    """Takes everything of the right length."""

    def enrolled(self, secret: bytes, typed: str) -> Enrolled | Rejected:
        right = len(typed) == LENGTH
        return Enrolled(SharedSecret(secret, {"next": self.first})) if right else Rejected()


class EnrollsOthers(EnrollsAnybody):
    """Takes everything of the right length that is not all one."""

    def enrolled(self, secret: bytes, typed: str) -> Enrolled | Rejected:
        return Rejected() if typed == WRONG else super().enrolled(secret, typed)


class EnrollsNonsense(Pad):
    def enrolled(self, secret: bytes, typed: str) -> Enrolled | Rejected:
        plain = SharedSecret(secret, {"next": self.first})
        return Enrolled(plain) if typed.startswith("1111") else super().enrolled(secret, typed)


class AsksInVain(Signer):
    """The question is no part of the answer, and what was used is not remembered."""

    def asked(self, question: str) -> str:
        del question
        return "always"


class Always(Key):
    def answer(self, seen: Seen) -> Response:
        return super().answer(
            replace(seen, prompt=replace(seen.prompt, data={"question": "always"}))
        )


class SameForAll(Pad):
    """Every person has the same secret."""

    async def invited(self, secret: bytes) -> Started:
        return await super().invited(bytes(len(secret)))


class TrustsTheList(Pad):
    """Whoever's the authenticators are that it is given."""

    def may(self, context: Context, one: Authenticator) -> bool:
        del context
        return one.usable


class TrustsTheState(Signer):
    """Whoever's the state is that it is given; the key's own person is not asked for."""

    def bound(self, context: Context) -> list[str]:
        del context
        return []


class TakesSuspended(Pad):
    def may(self, context: Context, one: Authenticator) -> bool:
        return one.person == context.person


class Fragile(Pad):
    """Compares bytes, which a lone surrogate does not have."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        if hmac.compare_digest(response.get("code", "").encode(), b"never"):
            return Rejected()
        return await super().finish_challenge(context, authenticators, state, response)


class ReadsTheStore(Pad):
    """What is stored opens the door as well."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        for one in filter(lambda one: self.may(context, one), authenticators):
            held = one.material
            if isinstance(held, SharedSecret) and held.secret.hex() == response.get("code"):
                return Verified(one.id, ("otp",), held)
        return await super().finish_challenge(context, authenticators, state, response)


class NeverEnds(Pad):
    """Asks one more time, each time."""

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Started:
        del state
        return await self.begin_enrollment(context, response)


DEFECTS: dict[type[Pad], set[str]] = {
    Hangs: {"in_time"},
    Blocks: {"never_blocks"},
    NeverRight: {"right_answer"},
    NeverEnds: {"right_answer"},
    OnlyTheLatest: {"race"},
    TakesNonsense: {"malformed"},
    LearnsNonsense: {"malformed"},
    Vacuous: {"unusable"},
    LooksAtOne: {"unusable"},
    TakesUnreadable: {"unusable"},
    LogsFailures: {"silent"},
    HasTraitsOfItsOwn: {"honest"},
    BoastsInVain: {"honest"},
    RevealsWithoutTemplate: {"prompts"},
    TakesAnything: {"wrong_answer"},
    TakesAgain: {"replay"},
    ChecksThenSets: {"race", "stateless"},
    Remembers: {"stateless"},
    TakesEnrollment: {"enrollment_answer"},
    EnrollsAnybody: {"wrong_enrollment", "another_enrollment"},
    EnrollsOthers: {"another_enrollment"},
    EnrollsNonsense: {"malformed_enrollment"},
    AsksInVain: {"another_challenge", "replay", "race"},
    SameForAll: {"another_person", "another_persons_authenticator"},
    TrustsTheList: {"another_persons_authenticator"},
    TrustsTheState: {"another_persons_state"},
    TakesSuspended: {"unusable"},
    Fragile: {"malformed"},
    Explains: {"malformed"},
    ReadsTheStore: {"stored_form"},
    Logs: {"silent"},
    Prints: {"silent"},
    Shows: {"silent"},
    NamesAnother: {"honest"},
    SaysNotHow: {"honest"},
    ProvesMagic: {"honest"},
    AsksWithoutTemplate: {"prompts"},
    WritesWithoutTemplate: {"messages"},
    WritesElsewhere: {"messages"},
    KeepsObjects: {"kept"},
    **{factor: {"seeds"} for factor in SEEDED},
}
"""Each factor with the checks that find its defect."""

DEVICES: dict[type[Pad], type[Token]] = {
    **dict.fromkeys((Signer, TrustsTheState, OnlyTheLatest), Key),
    AsksInVain: Always,
}
"""Those that are not answered with a token."""
