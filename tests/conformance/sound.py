"""Two small factors without a defect, and their devices: a pad of codes, and a key that signs."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes, token_hex

from sidecar.conformance.case import Seen
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Prompt,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, FactorTraits

LENGTH = 12
AHEAD = 64
WRONG = "f" * LENGTH


def code_of(secret: bytes, about: str) -> str:
    return hmac.digest(secret, about.encode(), hashlib.sha256).hex()[:LENGTH]


class Pad:
    """Codes by number, each good once: what a hardware token makes."""

    traits = FactorTraits(proves="possession")
    kind = "text"
    first = 1
    """The number of the first code after the enrollment."""

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        del context, request
        return await self.invited(token_bytes(20))

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        del context
        return self.enrolled(state, await self.read(response))

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        del context, authenticators
        return self.ask()

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        typed = await self.read(response)
        for one in authenticators:
            if isinstance(one.material, SharedSecret) and self.may(context, one):
                for about in self.right(context, state, one.material):
                    if code_of(one.material.secret, about) == typed:
                        return await self.verified(one, one.material, about)
        return Rejected()

    # -- what has a defect elsewhere -------------------------------------------------------------

    def ask(self, **data: str) -> Started:
        return Started(Prompt(self.kind, {"label": "Code", **data}))

    async def invited(self, secret: bytes) -> Started:
        return replace(self.ask(key=secret.hex()), state=secret)

    def enrolled(self, secret: bytes, typed: str) -> Enrolled | Rejected:
        right = typed == code_of(secret, "0")
        return Enrolled(SharedSecret(secret, {"next": self.first})) if right else Rejected()

    async def read(self, response: Response) -> str:
        return response.get("code", "")

    def may(self, context: Context, one: Authenticator) -> bool:
        return one.usable and one.person == context.person

    def right(self, context: Context, state: bytes, held: SharedSecret) -> list[str]:
        """Return what the codes that are right now are about."""
        del context, state
        after = int(str(held.state["next"]))
        return [str(number) for number in range(after, after + AHEAD)]

    async def verified(
        self, one: Authenticator, held: SharedSecret, about: str
    ) -> Verified | Rejected:
        spent = SharedSecret(held.secret, {"next": int(about) + 1})
        return Verified(one.id, ("otp",), spent)


class Token:
    """The device of a pad."""

    pace = timedelta(0)

    def __init__(self) -> None:
        self._secret = b""
        self._number = 0

    def enroll(self, seen: Seen) -> Response:
        self._secret = bytes.fromhex(str(seen.prompt.data["key"]))
        return {"code": code_of(self._secret, "0")}

    def answer(self, seen: Seen) -> Response:
        del seen
        self._number += 1
        return {"code": code_of(self._secret, str(self._number))}

    def wrong(self, seen: Seen) -> Response | None:
        del seen
        return {"code": WRONG}

    def secrets(self) -> tuple[str, ...]:
        return (self._secret.hex(),)


class Signer(Pad):
    """Asks a question that only the key can answer: what a security key does."""

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        del authenticators
        question = token_hex(8)
        state = json.dumps([question, *self.bound(context)])
        return replace(self.ask(question=question), state=state.encode())

    def right(self, context: Context, state: bytes, held: SharedSecret) -> list[str]:
        del held
        question, *bound = json.loads(state)
        return [self.asked(question)] if bound == self.bound(context) else []

    async def verified(
        self, one: Authenticator, held: SharedSecret, about: str
    ) -> Verified | Rejected:
        del held, about
        return Verified(one.id, ("hwk",))

    def bound(self, context: Context) -> list[str]:
        return [context.person.realm, context.person.subject]

    def asked(self, question: str) -> str:
        return question


class Key(Token):
    """The device of a signer."""

    def answer(self, seen: Seen) -> Response:
        return {"code": code_of(self._secret, str(seen.prompt.data.get("question", "")))}
