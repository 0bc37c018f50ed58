"""The addresses of one application: which one is next, and which one takes a connection."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from sidecar.core.errors import UpstreamTimedOut, UpstreamUnreachable
from sidecar.proxy.address import Address
from sidecar.proxy.connection import UpstreamConnection
from sidecar.proxy.upstream import Upstream

_BUSYNESS: Final = attrgetter("pending")

Failure = UpstreamUnreachable | UpstreamTimedOut


class Addresses:
    """Sends each request where the fewest are; of equals, where none has been for longest."""

    __slots__ = ("_clock", "_in_turn", "_upstream", "only")

    def __init__(
        self, upstream: Upstream, made: Sequence[Address], clock: Callable[[], float]
    ) -> None:
        self._upstream = upstream
        self._clock = clock
        self._in_turn = list(made)
        """The one that was used last is at the end."""
        self.only = made[0] if len(made) == 1 else None
        """The one address that there is: nothing is to be chosen."""

    def __iter__(self) -> Iterator[Address]:
        return iter(self._in_turn)

    def ready(self) -> list[Address]:
        """Return the addresses that a request may go to, the best one first."""
        # Asking for the time costs as much as the rest, and mostly nobody is set aside.
        good = [
            address
            for address in self._in_turn
            if not address.health.pause_s or address.health.ready(self._clock())
        ]
        good.sort(key=_BUSYNESS)
        return good

    def used(self, address: Address) -> None:
        """The address has had its turn."""
        if self._in_turn[-1] is not address:
            self._in_turn.remove(address)
            self._in_turn.append(address)

    def succeeded(self, address: Address) -> None:
        """The address has answered: nothing is held against it any more."""
        address.health.succeeded()
        address.trial = None

    def failed(self, address: Address, connection: UpstreamConnection) -> None:
        """The failure of a request is held against the address that it went to."""
        address.health.failed(self._clock(), trial=connection is address.trial)

    async def connect(
        self, made: Callable[[], UpstreamConnection], avoided: Address | None
    ) -> tuple[UpstreamConnection, Address]:
        """Return a connection to the first address that takes it, `avoided` last of the good ones.

        A connection that was never made has carried no request, so the next address may be tried
        whatever the request is. One that hangs leaves the others their share of the time; those
        set aside come last, soonest due first, rather than nothing being tried at all.

        Raises:
            UpstreamUnreachable: refused, not resolved, or not trusted, everywhere.
            UpstreamTimedOut: the last one that was tried did not take the connection in time.

        """
        deadline = self._clock() + self._upstream.connect_timeout_s
        ready = sorted(self.ready(), key=lambda address: address is avoided)
        aside = [address for address in self._in_turn if address not in ready]
        aside.sort(key=lambda address: address.health.due)
        failure: Failure | None = None
        for group in (ready, aside):
            for number, address in enumerate(group):
                share_s = (deadline - self._clock()) / (len(group) - number)
                if failure is not None and share_s <= 0:
                    raise failure
                found = await self._try(address, made, share_s)
                if not isinstance(found, Failure):
                    return found, address
                failure = found
        raise failure or UpstreamUnreachable(self._upstream.name)

    async def _try(
        self, address: Address, made: Callable[[], UpstreamConnection], timeout_s: float
    ) -> UpstreamConnection | Failure:
        trial = address.health.begin(self._clock())
        failure: Failure
        address.pending += 1
        try:
            async with asyncio.timeout(timeout_s):
                connection = await address.connect(made)
        except TimeoutError as error:
            failure = UpstreamTimedOut(self._upstream.name)
            failure.__cause__ = error
        except OSError as error:
            failure = UpstreamUnreachable(self._upstream.name)
            failure.__cause__ = error
        else:
            if trial:
                address.trial = connection
            return connection
        finally:
            address.pending -= 1
        address.health.failed(self._clock(), trial=trial)
        return failure
