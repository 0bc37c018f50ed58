"""Questions to an application that does not answer: few wait for it, and no request waits twice."""

from collections.abc import Callable
from typing import Final

from sidecar.core.breaker import Breaker, Tripped
from sidecar.core.errors import UpstreamBusy, UpstreamTimedOut, UpstreamUnreachable
from sidecar.core.protocols import Asked, AskUpstream, RawHeaders

AT_ONCE: Final = 128
"""Questions of one plugin that may be under way: who has to ask holds a connection that the
application's own traffic would use."""
SILENCES: Final = 5
"""In a row. One visitor's question may be slow by itself, and one that is answered ends the row, so
that nobody can keep others from being asked about."""


class PatientAsking:
    """Any way to ask applications, which leaves alone those that say nothing.

    What is refused or answered wrongly costs no time, and may be the fault of the one who asks: it
    stops nobody else.
    """

    def __init__(self, ask: AskUpstream, monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._breakers: dict[str, Breaker] = {}
        self._under_way = 0

    async def ask(
        self,
        upstream: str,
        target: bytes,
        headers: RawHeaders,
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> Asked:
        """Return the answer, as the way itself does.

        Raises:
            UpstreamBusy: too many questions wait already.
            UpstreamUnreachable: it fails, or said nothing to the last who asked.
            UpstreamTimedOut: not whole after `timeout_s` seconds.

        """
        if self._under_way >= AT_ONCE:
            raise UpstreamBusy(f"{AT_ONCE} questions to {upstream} wait already")
        breaker = self._breaker(upstream)
        self._enter(upstream, breaker)
        self._under_way += 1
        try:
            answer = await self._ask.ask(
                upstream, target, headers, timeout_s=timeout_s, limit_bytes=limit_bytes
            )
        except UpstreamTimedOut:
            breaker.failed()
            raise
        except BaseException:
            breaker.left()
            raise
        else:
            breaker.succeeded()
            return answer
        finally:
            self._under_way -= 1

    def _breaker(self, upstream: str) -> Breaker:
        found = self._breakers.get(upstream)
        if found is None:
            found = self._breakers[upstream] = Breaker(self._monotonic, after=SILENCES)
        return found

    @staticmethod
    def _enter(upstream: str, breaker: Breaker) -> None:
        try:
            breaker.enter()
        except Tripped:
            raise UpstreamUnreachable(f"{upstream} said nothing to the last who asked") from None
