"""How databases find what a verification needs: by an index, whatever else there is."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Dialect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.storage import (
    accounts,
    attempts,
    authenticators,
    challenges,
    clients,
    sendings,
    sessions,
    trail,
)
from sidecar.storage.columns import whom
from sidecar.storage.database import database
from sidecar.storage.written import Written
from tests.conformance.stores import ADA, NOW, sqlite_file, url_of
from tests.postgres import Server

_SWAP: Final = authenticators._swap(("status", "version", "material", "mac"))
STATEMENTS: Final[Mapping[str, Written]] = {
    "account": accounts._ONE,
    "tally": attempts._TALLY,
    "settled": attempts._SETTLED,
    "authenticators": authenticators._OF_PERSON,
    "swap": _SWAP,
    "challenge": challenges._ONE,
    "consumed": challenges._CONSUMED,
    "surplus": challenges._SURPLUS,
    "api token": clients._BY_HASH,
    "messages": sendings._USED,
    "session by token": sessions._BY_TOKEN,
    "session held": sessions._HELD,
    "session raised": sessions._RAISED,
    "sessions": sessions._OF_PERSON,
    "head of the trail": trail._NEWEST,
}
VALUES: Final[Mapping[str, object]] = {
    **whom(ADA),
    **dict.fromkeys(("factor", "of_session", "token", "before", "hashed"), "some"),
    **dict.fromkeys(("present", "login", "status", "proofs", "challenge"), "some"),
    **dict.fromkeys(("token_hash", "previous_hash", "previous", "prompt", "state"), "some"),
    **dict.fromkeys(("material", "mac"), "some"),
    **{f"since_{number}": NOW - timedelta(days=number) for number in range(3)},
    **dict.fromkeys(("now", "settled_at", "verified_at", "consumed_at"), NOW),
    **dict.fromkeys(("last_seen_at", "previous_until"), NOW),
    "known": True,
    "verified": True,
    "seen": 1,
    "version": 2,
}


def explained(written: Written, name: str, dialect: Dialect) -> tuple[str, tuple[object, ...]]:
    """Return a statement as the driver gets it, and some values for it."""
    spelled = written._in(dialect)
    which = 1 if name == "settled" else "some"
    asked = {key for key, _ in spelled.values} - {*spelled.fixed}
    values = {**VALUES, "which": which}
    return spelled.text, tuple(spelled.told({key: values[key] for key in asked}))


@pytest.mark.parametrize("name", STATEMENTS)
async def test_sqlite_finds_it_by_an_index(name: str, tmp_path: Path) -> None:
    """The plan of each statement shows searches alone.

    The trail's head is the last row by its number, at which reading backwards stops.
    """
    engine = database(url_of(sqlite_file(tmp_path))).writer()
    async with engine.connect() as connection:
        said, values = explained(STATEMENTS[name], name, connection.dialect)
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)
        steps = [row.detail for row in plan]
    await engine.dispose()
    scans = [step for step in steps if step.startswith("SCAN")]
    assert scans == (["SCAN audit_events"] if name == "head of the trail" else []), steps


async def test_postgres_finds_each_by_an_index(postgres: Server) -> None:
    """The plans show no table read through, where reading through is what costs most."""
    async with postgres.store() as url:
        engine = database(url).writer()
        async with engine.connect() as connection:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            through = {name: await _plan(connection, name) for name in STATEMENTS}
        await engine.dispose()
    assert {name: plan for name, plan in through.items() if "Seq Scan" in plan} == {}


async def _plan(connection: AsyncConnection, name: str) -> str:
    said, values = explained(STATEMENTS[name], name, connection.dialect)
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    return "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {said}", *values))
