"""A call may be sent twice and is done once: the second gets what the first was answered.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from sidecar.core.api_errors import CallUnderway, KeyReused
from sidecar.core.clients import ApiClient
from sidecar.core.protocols import Clock
from sidecar.core.replays import KeptAnswer
from sidecar.core.stores import APART, Store

_SOON_S: Final = 1

Give = Callable[[], Awaitable[KeptAnswer]]
Lasts = Callable[[KeptAnswer], bool]


class Replaying:
    """Answers calls that came before as they were answered then."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def once(
        self, client: ApiClient, key: str, said: tuple[str, str, bytes], give: Give, *, lasts: Lasts
    ) -> tuple[KeptAnswer, bool]:
        """Return what was answered to this call, and whether that was before.

        `said` is method, target and body; `lasts` tells which answers are kept: the same call may
        well go otherwise a moment after a fault of ours, or once it may call again.

        Raises:
            KeyReused: the key came with another call.
            CallUnderway: the same call has no answer yet.

        """
        hashed = _hash(*said)
        async with self._store.begin(APART) as tx:
            before = await tx.replays.claim(client.id, key, hashed, self._clock())
        if before is None:
            return await self._first(client, key, give, lasts), False
        if before.request_hash != hashed:
            message = "the key came before with another call; take a new one"
            raise KeyReused(message)
        if before.answer is None:
            message = "the same call is being answered at this moment"
            raise CallUnderway(message, retry_after_s=_SOON_S)
        return before.answer, True

    async def _first(self, client: ApiClient, key: str, give: Give, lasts: Lasts) -> KeptAnswer:
        try:
            answer = await give()
        except BaseException:
            await self._drop(client, key)
            raise
        if not lasts(answer):
            await self._drop(client, key)
            return answer
        async with self._store.begin(APART) as tx:
            await tx.replays.settle(client.id, key, answer, self._clock())
        return answer

    async def _drop(self, client: ApiClient, key: str) -> None:
        async with self._store.begin(APART) as tx:
            await tx.replays.drop(client.id, key)


def _hash(method: str, target: str, body: bytes) -> str:
    said = f"{method}\n{target}\n".encode("utf-8", "surrogateescape")
    return hashlib.sha256(said + body).hexdigest()
