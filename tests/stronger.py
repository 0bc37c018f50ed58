"""A factor for tests that counts as phishing-resistant: an app's codes, for want of a key."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from pydantic import BaseModel

from sidecar.core.model import Authenticator, Enrolled, Rejected, Response, Started, Verified
from sidecar.core.protocols import Context, Factor, FactorTraits, Plugin, Tools
from sidecar.loader import Role, build, resolve

_APP = resolve(Role.FACTORS, "totp")


class Stronger:
    """Codes of an app, said to be worth a key."""

    def __init__(self, options: BaseModel, tools: Tools) -> None:
        self._inner = cast("Factor", build(_APP, options, tools))

    @property
    def traits(self) -> FactorTraits:
        return replace(self._inner.traits, phishing_resistant=True, amr=("hwk",), seeded=False)

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        return await self._inner.begin_enrollment(context, request)

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        return await self._inner.finish_enrollment(context, state, response)

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        return await self._inner.begin_challenge(context, authenticators)

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        return await self._inner.finish_challenge(context, authenticators, state, response)


_build: Callable[[BaseModel, Tools], Factor] = Stronger
PLUGIN: Plugin[BaseModel, Factor] = Plugin(_APP.options, _build)
