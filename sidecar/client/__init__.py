"""A client of the management API, for programs that use asyncio.

async with Client("https://sidecar:8004", token=token) as sidecar:
    config = await sidecar.read_config("alice")
"""

import asyncio
from types import TracebackType
from typing import Self

from sidecar.client.calls import pages
from sidecar.client.operations import Operations
from sidecar.client.problems import ClientError, NotOurs, ProblemError, Unreachable
from sidecar.client.remote import Patience, RemoteDesk, Sleep, Tls

__all__ = (
    "Client",
    "ClientError",
    "NotOurs",
    "Patience",
    "ProblemError",
    "Tls",
    "Unreachable",
    "pages",
)


class Client(Operations):
    """Calls the management API of a sidecar; each operation is a method of its name.

    A call whose answer is lost is sent again where that can do nothing twice, and one that is told
    to wait a little waits; everything else is raised.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        tls: Tls | None = None,
        insecure_http: bool = False,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Take `https://host:port`, `http://…` of this machine, or `unix:/path` of a socket.

        `insecure_http` is for other machines where something else encrypts, such as a mesh.

        Raises:
            ValueError: the address is none, is readable for others, or the token is none.
            OSError: a file of `tls` cannot be used.

        """
        desk = RemoteDesk(
            url,
            token=token,
            tls=tls,
            insecure_http=insecure_http,
            patience=patience,
            sleep=sleep,
        )
        super().__init__(desk)
        self._remote = desk

    def __repr__(self) -> str:
        return f"Client({self._remote.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """All connections are closed."""
        await self._remote.close()
