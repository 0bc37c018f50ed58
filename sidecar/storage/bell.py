"""The bell of one process alone: nobody else is there to ring."""

import asyncio


class StillBell:
    """Never rings: whoever waits does so to the end."""

    async def ring(self) -> None:
        """Nobody hears it; this process knows by itself what it revoked."""

    async def wait(self, within_s: float) -> None:
        """Return after so long."""
        await asyncio.sleep(within_s)
