"""What an allowed request asks of the database and of the limiter: nothing, once it is known."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from sidecar.metrics.ports import MeasuredLimiter
from sidecar.proxy.pipeline import Pipeline
from sidecar.storage.sql import SqlStore
from tests.postgres import Server
from tests.visitor import Visitor
from tests.world import World, world

REQUESTS = 200
AT_ONCE = 20
_REQUEST: ContextVar[bool] = ContextVar("request", default=False)
"""Whether a request is what something happens for; all that it starts knows that too."""


@dataclass
class Asked:
    """How often requests asked, by what; whoever follows the feed and sweeps is not meant."""

    requests: int = 0
    made: Counter[str] = field(default_factory=Counter)

    def count(self, what: str) -> None:
        self.made[what] += _REQUEST.get()


def counted(here: World, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return what is asked from now on: at the ports, and at the connections below them."""
    asked, judge = Asked(), Pipeline.judge

    def judged(self: Pipeline, *given: Any) -> Any:  # noqa: ANN401 - passed on as it is
        _REQUEST.set(True)
        asked.requests += 1
        return judge(self, *given)

    def watched(kind: type[Any], name: str) -> None:
        does = getattr(kind, name)

        def asks(self: object, *given: object) -> object:
            asked.count(name)
            return does(self, *given)

        monkeypatch.setattr(kind, name, asks)

    monkeypatch.setattr(Pipeline, "judge", judged)
    for name in ("begin", "read", "glance"):
        watched(SqlStore, name)
    watched(MeasuredLimiter, "take")
    for engine in (here.sidecar.store._reader, here.sidecar.store._writer):
        pool = engine.sync_engine
        event.listen(pool, "before_cursor_execute", lambda *_: asked.count("statement"))
        # Nothing reaches a database but over a connection from here.
        event.listen(pool, "checkout", lambda *_: asked.count("connection"))
    return asked


@pytest.fixture(params=["sqlite", "postgres"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with _placed(request) as changes, world(tmp_path, changes=changes) as made:
        yield made


@asynccontextmanager
async def _placed(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, Any]]:
    if request.param == "sqlite":
        yield {}
        return
    server: Server = request.getfixturevalue("postgres")
    async with server.changes() as changes:
        yield dict(changes)


async def ask(browser: Visitor, number: int) -> None:
    """Send so many requests over several connections; all of them reach the application."""
    for _ in range(number // AT_ONCE):
        pages = await asyncio.gather(*(browser.open("/", follow=0) for _ in range(AT_ONCE)))
        assert [page.status for page in pages] == [200] * AT_ONCE


async def test_allowed_requests_ask_no_database_and_no_limiter(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred requests of a known session over many connections show not one call.

    Neither of the store nor of the limiter, no statement, and no connection taken to send one by.
    A session that is not known yet shows itself read, so that this would show.
    """
    browser = here.visitor()
    await browser.enroll("ada")
    await ask(browser, AT_ONCE)
    asked = counted(here, monkeypatch)
    await ask(browser, REQUESTS)
    assert (asked.requests, +asked.made) == (REQUESTS, {})
    here.sidecar.flows.sessions._kept.clear()
    await browser.open("/", follow=0)
    assert +asked.made == {"glance": 1, "connection": 1}
