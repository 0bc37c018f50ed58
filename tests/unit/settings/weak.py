"""Plugins that send messages, for tests of what the settings say about them; none of them acts."""

from pydantic import BaseModel, ConfigDict

from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Prompt,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor, FactorTraits, Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits


class By(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    transport: str = "texts"


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Of(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    of: tuple[str, ...] = ()


class Code:
    """A factor of given traits that knows nobody."""

    def __init__(self, traits: FactorTraits) -> None:
        self.traits = traits

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        del context, request
        return Started(Prompt("text"))

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        del context, state, response
        return Rejected()

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        del context, authenticators
        return Started(Prompt("text"))

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        del context, authenticators, state, response
        return Rejected()


class Post:
    """A transport of given traits that reaches nobody."""

    def __init__(self, traits: TransportTraits) -> None:
        self.traits = traits

    async def send(self, letter: Letter) -> Receipt:
        raise AssertionError(letter)

    async def told(self, call: Callback) -> tuple[Told, ...]:
        raise AssertionError(call)


def _code(traits: FactorTraits) -> Plugin[By, Factor]:
    def build(options: By, tools: Tools) -> Factor:
        del options, tools
        return Code(traits)

    return Plugin(By, build)


def _key(options: Nothing, tools: Tools) -> Factor:
    del options, tools
    return Code(FactorTraits(proves="possession", phishing_resistant=True))


def _post(traits: TransportTraits) -> Plugin[Of, Transport]:
    def build(options: Of, tools: Tools) -> Transport:
        del options, tools
        return Post(traits)

    return Plugin(Of, build)


SMS = _code(FactorTraits(proves="possession", channel="sms", restricted=True))
MAIL = _code(FactorTraits(proves="possession", channel="email", strict=False))
WORD = _code(FactorTraits(proves="knowledge"))
KEY: Plugin[Nothing, Factor] = Plugin(Nothing, _key)

TEXTS = _post(TransportTraits(frozenset({"sms"})))
POST = _post(TransportTraits(frozenset({"email"})))
BOTH = _post(TransportTraits(frozenset({"sms", "email"})))
PRINTS = _post(TransportTraits(frozenset({"sms", "email"}), development=True))
