"""How a server of PostgreSQL is reached: the first of those named that takes us, and changes."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg
from sqlalchemy import URL

from sidecar.storage.faults import StoreUnproven
from sidecar.storage.tuning import Tuning

CONNECT_S: Final = 2.0
"""How long one server may take to let us in; then the next one is tried. Less than the five seconds
within which a server that is back must be used again: one may have been tried just before."""
LATE_S: Final = 0.5
"""How long after the server should have given a statement up its silence is waited for."""
ABANDONED_S: Final = 15
"""After so long, or sooner where a statement may take less, the server ends a transaction that its
process forgot, or cannot reach any more, with all that it holds."""
PORT: Final = 5432
_TAKES_CHANGES: Final = "read-write"


@dataclass(frozen=True, slots=True)
class Way:
    """Everything that connecting takes."""

    url: URL = field(repr=False)
    hosts: tuple[tuple[str, int], ...]
    """Where the server may be; empty where the driver knows a place."""

    async def connect(self, tuning: Tuning) -> Any:  # noqa: ANN401 - the driver has no types
        """Return a connection to the first server that takes us; of several, that takes changes.

        A server that was the first once may be a copy by now: what is read there may be old, and
        what was revoked since would count on.

        Raises:
            OSError: none of them can be reached, or none that can takes changes.

        """
        hosts: tuple[tuple[str | None, int | None], ...] = self.hosts or ((None, None),)
        failure: Exception = ConnectionError("no server is named")
        for host, port in hosts:
            try:
                return await self._connect(host, port, tuning, only=len(hosts) == 1)
            except asyncpg.TargetServerAttributeNotMatched:
                failure = ConnectionRefusedError(f"{host}:{port} takes no changes")
            except (OSError, asyncpg.PostgresError) as refused:
                failure = refused
        raise failure

    async def _connect(
        self, host: str | None, port: int | None, tuning: Tuning, *, only: bool
    ) -> object:
        statement_s = tuning.statement_s
        return await asyncpg.connect(
            **way(self.url),
            host=host,
            port=port,
            user=self.url.username,
            password=self.url.password,
            database=self.url.database,
            timeout=min(CONNECT_S, tuning.wait_s),
            command_timeout=statement_s + LATE_S if statement_s else None,
            target_session_attrs=None if only else _TAKES_CHANGES,
            server_settings={
                "application_name": "sidecar",
                # Whoever waited for a person's turn must see what was counted meanwhile.
                "default_transaction_isolation": "read committed",
                "lock_timeout": _milliseconds(tuning.wait_s),
                "statement_timeout": _milliseconds(statement_s),
                "idle_in_transaction_session_timeout": _milliseconds(
                    min(ABANDONED_S, statement_s or ABANDONED_S)
                ),
            },
        )


def reached(url: URL) -> Way:
    """Return the way to the servers that the URL names.

    Raises:
        StoreUnproven: it names them in no way that is understood.

    """
    said = url.query.get("host")
    if said is None:
        return Way(url, ((url.host, url.port or PORT),) if url.host else ())
    listed = (str(said),) if isinstance(said, str) else said
    return Way(url, tuple(_host(one, url.port) for each in listed for one in each.split(",")))


def way(url: URL) -> dict[str, object]:
    """Return what tells the driver how the server proves itself: the words of the URL's query.

    Where a server must prove itself and no certificate says by whom, those that the machine trusts
    do; the driver would look for a file in somebody's home.
    """
    said = {word: str(value) for word, value in url.query.items() if word != "host"}
    if "ssl" in said:
        said.setdefault("sslmode", said.pop("ssl"))
    found: dict[str, object] = {"dsn": f"postgresql:///?{urlencode(said)}"}
    if said.get("sslmode") == "verify-full" and "sslrootcert" not in said:
        found["ssl"] = _trusting(said)
    return found


def _trusting(said: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if "sslcert" in said:
        context.load_cert_chain(said["sslcert"], said.get("sslkey"))
    return context


def _host(said: str, otherwise: int | None) -> tuple[str, int]:
    """Return host and port; a socket's folder begins with a slash, IPv6 stands in brackets."""
    if said.startswith("/"):
        return said, otherwise or PORT
    host, colon, port = said.rpartition(":") if not said.endswith("]") else (said, "", "")
    if not colon:
        host, port = said, str(otherwise or PORT)
    if not host or not port.isdecimal():
        raise StoreUnproven(f"{said!r} is no host, nor host:port")
    return host.strip("[]"), int(port)


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
