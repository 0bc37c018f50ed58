"""A factor plugin, `tests.saboteur:PLUGIN`, that is honest until a test breaks it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from sidecar.core.protocols import Factor, FactorTraits, Plugin, Tools
from sidecar.loader import Role, build, resolve

Answer = Callable[[object], object]
"""What a plugin makes of its own right answer."""


def raises(error: BaseException) -> Answer:
    def made(_right: object) -> object:
        raise error

    return made


def gives(instead: object) -> Answer:
    return lambda _right: instead


NOTHING = gives(None)


@dataclass
class Sabotaged:
    """A factor that is honest until a method of it is told to be otherwise."""

    inner: Factor
    method: str = ""
    answer: Answer = NOTHING
    hangs: bool = False
    stubborn: bool = False
    """It is told to stop, and answers after all."""
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    worth: FactorTraits | None = None

    @property
    def traits(self) -> FactorTraits:
        return self.worth or self.inner.traits

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        right = cast("Callable[..., Awaitable[object]]", getattr(self.inner, name))

        async def called(*given: object) -> object:
            if name == self.method and self.hangs:
                await self._stay()
            outcome = await right(*given)
            return outcome if name != self.method or self.hangs else self.answer(outcome)

        return called

    async def _stay(self) -> None:
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.stubborn:
                raise


BUILT: list[Sabotaged] = []
"""What was built, the newest last, for a test to break."""

_TOTP = resolve(Role.FACTORS, "totp")


def _build(options: Any, tools: Tools) -> Factor:  # noqa: ANN401 - the options of another plugin
    BUILT.append(Sabotaged(cast("Factor", build(_TOTP, options, tools))))
    return cast("Factor", BUILT[-1])


PLUGIN: Plugin[Any, Factor] = Plugin(_TOTP.options, _build)
