"""A remembered browser costs what any other does: nothing, once its session is known (67)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from sidecar.core.stores import Transaction
from tests.attacks.test_trusted_browser import led, remembered
from tests.visitor import FETCH, NAVIGATION

pytestmark = pytest.mark.threat(67)
Opens = Callable[[], AbstractAsyncContextManager[Transaction]]


async def test_a_recognised_session_is_answered_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred requests of a recognised session show that the store is asked for none of them,
    its cookie rotated by none, and that all of them reach the application.
    """
    async with remembered(tmp_path) as (place, ada):
        assert await led(ada) == "in"
        await place.sidecar.flows.revocations.read()  # tests move the clock beyond its reach
        assert await led(ada) == "in"
        store, asked = place.sidecar.store, list[str]()

        def counted(name: str, opens: Opens) -> Opens:
            def opened() -> AbstractAsyncContextManager[Transaction]:
                asked.append(name)
                return opens()

            return opened

        monkeypatch.setattr(store, "read", counted("read", store.read))
        monkeypatch.setattr(store, "begin", counted("begin", store.begin))
        jar, before = dict(ada.cookies), len(place.application.seen)
        for count in range(50):
            assert (await ada.send("GET", f"/page/{count}", headers=NAVIGATION)).status == 200
            assert (await ada.send("GET", f"/data/{count}", headers=FETCH)).status == 200
        assert len(place.application.seen) == before + 100
        assert ada.cookies == jar
        # The feed of revocations is read once a second, however many requests there are.
        assert len(asked) < 20
        assert "begin" not in asked
