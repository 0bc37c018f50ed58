"""Small factors that look at too little, or take too much."""

from typing import ClassVar

from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context
from tests.conformance.sound import LENGTH, Pad, Signer


class OnlyTheLatest(Signer):
    """Remembers, for all processes at once, which challenge was begun last."""

    latest: ClassVar[dict[str, bytes]] = {}

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        started = await super().begin_challenge(context, authenticators)
        self.latest[context.person.user_id] = started.state
        return started

    def right(self, context: Context, state: bytes, held: SharedSecret) -> list[str]:
        stale = self.latest.get(context.person.user_id) != state
        return [] if stale else super().right(context, state, held)


class TakesNonsense(Pad):
    """Takes whatever is long enough."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        if response.get("code", "").startswith("1111"):
            return Verified(authenticators[0].id, ("otp",))
        return await super().finish_challenge(context, authenticators, state, response)


class LearnsNonsense(Pad):
    """Keeps what was wrong."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        if response.get("code", "") == "----":
            one = authenticators[0]
            return Rejected(authenticator_id=one.id, material=one.material)
        return await super().finish_challenge(context, authenticators, state, response)


class Vacuous(Pad):
    """Nothing is wrong with the answer where there is nothing to compare it with."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        if not authenticators and len(response.get("code", "")) == LENGTH:
            return Verified(AuthenticatorId("none"), ("otp",))
        return await super().finish_challenge(context, authenticators, state, response)


class LooksAtOne(Pad):
    """Looks at the first authenticator alone."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        return await super().finish_challenge(context, authenticators[:1], state, response)


class TakesUnreadable(Pad):
    """Lets whoever in whose secret cannot be read."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        for one in authenticators:
            if one.material is None:
                return Verified(one.id, ("otp",))
        return await super().finish_challenge(context, authenticators, state, response)
