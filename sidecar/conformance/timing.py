"""How long calls take: they end in time, and let other requests be served meanwhile."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from sidecar.conformance.case import Broken, Case, Late
from sidecar.conformance.world import a_world
from sidecar.core.model import Authenticator, Enrolled, Rejected, Response, Started, Verified
from sidecar.core.protocols import Context, Factor, FactorTraits

T = TypeVar("T")

LONGEST_S = 0.2
"""For so long a call may keep the loop to itself; every other request waits meanwhile."""
ROUNDS = 3
"""A busy machine holds up one call; a factor that blocks does it each time."""
_BEAT_S = 0.005


async def in_time(case: Case) -> None:
    """Each call ends within its time (`plugin_timeout` of sidecar.yaml)."""
    try:
        await _everything(case)
    except Late:
        raise
    except Broken:
        return  # another check's to tell


async def never_blocks(case: Case) -> None:
    """No call keeps the event loop to itself: it awaits, or has `tools.dear` do what is dear."""
    least: dict[str, float] = {}
    for _ in range(ROUNDS):
        watch = _Watch()
        try:
            await _everything(replace(case, build=partial(_watched, case, watch)))
        except Broken:
            pass  # another check's to tell
        finally:
            watch.stop()
        for name, longest in watch.longest.items():
            least[name] = min(longest, least.get(name, longest))
    for name, longest in least.items():
        if longest > LONGEST_S:
            raise Broken(f"{name} kept the loop to itself for {longest * 1000:.0f} ms")


async def _everything(case: Case) -> None:
    world = await a_world(case)
    opened = await world.begin()
    wrong = world.device.wrong(world.sees(opened)) or {}
    for response in (wrong, dict.fromkeys(wrong, "1" * 1_000_000), world.answer(opened)):
        await world.finish(opened, response)


class _Watch:
    """Sees for how long the loop did nothing else while a call ran, tasks of the call included."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self._loop = asyncio.get_running_loop()
        self._name = ""
        self._last = 0.0
        self._beating = self._loop.call_soon(self._beat)

    def _beat(self) -> None:
        self._see()
        self._beating = self._loop.call_later(_BEAT_S, self._beat)

    def _see(self) -> None:
        now = self._loop.time()
        if self._name:
            self.longest[self._name] = max(self.longest.get(self._name, 0), now - self._last)
        self._last = now

    def stop(self) -> None:
        self._beating.cancel()

    async def during(self, name: str, call: Awaitable[T]) -> T:
        """Return what is awaited, once it was seen how long it held up the loop."""
        await asyncio.sleep(0)
        self._name, self._last = name, self._loop.time()
        try:
            return await call
        finally:
            self._see()
            self._name = ""


def _watched(case: Case, watch: _Watch) -> Factor:
    return _Watched(case.build(), watch)


@dataclass(frozen=True, slots=True)
class _Watched:
    factor: Factor
    watch: _Watch

    @property
    def traits(self) -> FactorTraits:
        return self.factor.traits

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        call = self.factor.begin_enrollment(context, request)
        return await self.watch.during("begin_enrollment", call)

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        call = self.factor.finish_enrollment(context, state, response)
        return await self.watch.during("finish_enrollment", call)

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        call = self.factor.begin_challenge(context, authenticators)
        return await self.watch.during("begin_challenge", call)

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        call = self.factor.finish_challenge(context, authenticators, state, response)
        return await self.watch.during("finish_challenge", call)
